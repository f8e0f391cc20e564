"""The technical parts every context is built on."""

from typing import Any

from dependency_injector import containers, providers

from merx.infra.approvals.memory import MemoryApprovals
from merx.infra.approvals.postgres import PostgresApprovals
from merx.infra.audit.memory import MemoryTrail
from merx.infra.audit.seals import TrailSeals
from merx.infra.cache import ByteCache
from merx.infra.clock import SystemClock
from merx.infra.guest_tokens import GuestTokens
from merx.infra.idempotency.answers import MemoryAnswers, PostgresAnswers
from merx.infra.idempotency.memory import MemoryIdempotency
from merx.infra.idempotency.postgres import PostgresIdempotency
from merx.infra.idempotency.sealed import SealedAnswers, SealedIdempotency
from merx.infra.keys import load_keys
from merx.infra.limits.local import LocalBuckets
from merx.infra.limits.redis_buckets import RedisBuckets, SharedBuckets
from merx.infra.limits.scripts import Scripts
from merx.infra.memory import MemoryStore
from merx.infra.outbox.deliver import Deliverer
from merx.infra.outbox.events import SubscriberRegistry
from merx.infra.outbox.memory import MemoryOutbox
from merx.infra.outbox.memory_deliveries import MemoryDeliveries
from merx.infra.outbox.postgres import PostgresOutbox
from merx.infra.outbox.postgres_deliveries import PostgresDeliveries
from merx.infra.outbox.relay import Relay
from merx.infra.permissions import PermissionCatalogue
from merx.infra.postgres import Database
from merx.infra.postgres.trail import PostgresTrail
from merx.infra.redis import redis_client
from merx.infra.sealing import Sealer
from merx.infra.settings import Settings
from merx.infra.tasks.nudge import QueueNudge
from merx.infra.tokens import AccessTokens
from merx.kernel.approvals import SecondPerson

ISSUER = AUDIENCE = "merx"


class Infra(containers.DeclarativeContainer):
    """`nudge` tells whoever delivers that there is something to deliver: the relay of this process, or the queue.

    `answers` keeps answers in the transaction of their effect, `idempotency` those of any other work.
    """

    settings: providers.Dependency[Settings] = providers.Dependency(instance_of=Settings)
    storage = settings.provided.storage

    clock = providers.Singleton(SystemClock)
    keys = providers.Singleton(load_keys, settings)
    access_tokens = providers.Singleton(
        AccessTokens, keys.provided.signing, issuer=ISSUER, audience=AUDIENCE, clock=clock
    )
    permissions = providers.Singleton(PermissionCatalogue)
    guest_tokens = providers.Singleton(GuestTokens, keys.provided.secret)
    sealer = providers.Singleton(Sealer, keys.provided.secret, keys.provided.former)

    # The keys are read when the first row of the trail is written, not when the parts are put together.
    trail_seals = providers.Singleton(TrailSeals, keys.provided.secret, keys.provided.former)
    database = providers.Singleton(Database, settings, providers.Singleton(PostgresTrail, seals=trail_seals.provider))
    reader = database.provided.reader
    store = providers.Singleton(MemoryStore, providers.Singleton(MemoryTrail, seals=trail_seals.provider))
    cache = providers.Singleton(ByteCache, settings.provided.cache_bytes)

    registry = providers.Singleton(SubscriberRegistry)
    deliveries = providers.Selector(
        storage,
        postgres=providers.Singleton(PostgresDeliveries, database),
        memory=providers.Singleton(MemoryDeliveries, store),
    )
    deliverer = providers.Singleton(Deliverer, deliveries, registry)
    relay = providers.Singleton(Relay, deliverer)
    redis = providers.Singleton(redis_client, settings)
    scripts = providers.Singleton(Scripts, redis)
    local_buckets = providers.Singleton(LocalBuckets)
    buckets = providers.Selector(
        storage,
        postgres=providers.Singleton(
            SharedBuckets, providers.Singleton(RedisBuckets, scripts, keys.provided.secret), local_buckets
        ),
        memory=local_buckets,
    )
    queue_nudge = providers.Singleton(QueueNudge, redis)
    nudge: providers.Dependency[Any] = providers.Dependency(default=relay.provided.wake)
    outbox = providers.Selector(
        storage,
        postgres=providers.Singleton(PostgresOutbox, registry, nudge),
        memory=providers.Singleton(MemoryOutbox, registry, nudge),
    )
    answers = providers.Singleton(
        SealedAnswers,
        providers.Selector(
            storage, postgres=providers.Singleton(PostgresAnswers), memory=providers.Singleton(MemoryAnswers)
        ),
        guest_tokens,
    )
    idempotency = providers.Singleton(
        SealedIdempotency,
        providers.Selector(
            storage,
            postgres=providers.Singleton(PostgresIdempotency, database),
            memory=providers.Singleton(MemoryIdempotency, store),
        ),
        guest_tokens,
    )
    second_person = providers.Singleton(
        SecondPerson,
        providers.Selector(
            storage, postgres=providers.Singleton(PostgresApprovals), memory=providers.Singleton(MemoryApprovals)
        ),
        clock,
        settings.provided.second_person_days,
    )
