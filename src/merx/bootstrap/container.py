"""The one place that sees every context."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from dependency_injector import containers, providers
from litestar import Controller

from merx.bootstrap.infra import Infra
from merx.bootstrap.invariants import invariants_of
from merx.bootstrap.schema import check_schema
from merx.contexts.approvals.container import ApprovalsContainer
from merx.contexts.audit.container import AuditContainer
from merx.contexts.carts.container import CartsContainer
from merx.contexts.catalog.container import CatalogContainer
from merx.contexts.identity.adapters.key_door import ApiKeyDoor
from merx.contexts.identity.adapters.staff_door import StaffDoor
from merx.contexts.identity.container import IdentityContainer
from merx.contexts.inventory.container import InventoryContainer
from merx.contexts.notifications.container import NotificationsContainer
from merx.contexts.operations.container import OperationsContainer
from merx.contexts.orders.container import OrdersContainer
from merx.contexts.payments.container import PaymentsContainer
from merx.contexts.privacy.container import PrivacyContainer
from merx.contexts.search.container import SearchContainer
from merx.contexts.shipping.container import ShippingContainer
from merx.contexts.users.container import UsersContainer
from merx.infra.cache import ByteCache
from merx.infra.health import Probe
from merx.infra.housekeeping import housekeeping
from merx.infra.http.auth import limits_of
from merx.infra.http.parts import Hook, HttpParts
from merx.infra.memory import MemoryStore
from merx.infra.outbox.deliver import Deliverer
from merx.infra.outbox.events import SubscriberRegistry
from merx.infra.outbox.gauges import OutboxGauges
from merx.infra.outbox.jobs import Job
from merx.infra.outbox.relay import Relay
from merx.infra.outbox.scheduler import Scheduler
from merx.infra.postgres import Database
from merx.infra.postgres.listener import CacheListener
from merx.infra.redis import probe
from merx.infra.settings import Settings, SettingsError
from merx.kernel.actor import WAIVES_STEP_UP


def _joined(*carriers: Mapping[str, object]) -> dict[str, object]:
    return {kind: carrier for each in carriers for kind, carrier in each.items()}


class Contexts(containers.DeclarativeContainer):
    """Facades are passed in the direction of calls; a cycle could not be written down."""

    infra = providers.DependenciesContainer()

    identity = providers.Container(IdentityContainer, infra=infra)
    users = providers.Container(UsersContainer, infra=infra, identity=identity.api)
    catalog = providers.Container(CatalogContainer, infra=infra)
    inventory = providers.Container(InventoryContainer, infra=infra)
    shipping = providers.Container(ShippingContainer, infra=infra)
    payments = providers.Container(PaymentsContainer, infra=infra)
    search = providers.Container(SearchContainer, infra=infra, catalog=catalog.api)
    carts = providers.Container(
        CartsContainer, infra=infra, catalog=catalog.api, inventory=inventory.api, shipping=shipping.api
    )
    orders = providers.Container(
        OrdersContainer,
        infra=infra,
        carts=carts.api,
        catalog=catalog.api,
        inventory=inventory.api,
        shipping=shipping.api,
        payments=payments.api,
    )
    notifications = providers.Container(NotificationsContainer, infra=infra)
    audit = providers.Container(AuditContainer, infra=infra)
    approvals = providers.Container(
        ApprovalsContainer,
        infra=infra,
        carriers=providers.Callable(_joined, catalog.approved, inventory.approved, identity.approved),
    )
    # Of every context, so the application hands them in.
    operations = providers.Container(OperationsContainer, infra=infra)
    privacy = providers.Container(
        PrivacyContainer,
        infra=infra,
        identity=identity.api,
        # In the order in which a person is erased; the account itself is the last that is known of them.
        others=providers.List(
            users.personal_data,
            carts.personal_data,
            orders.personal_data,
            payments.personal_data,
            notifications.personal_data,
            audit.personal_data,
            identity.personal_data,
        ),
    )


NAMES = (
    "identity",
    "users",
    "catalog",
    "inventory",
    "shipping",
    "payments",
    "search",
    "carts",
    "orders",
    "notifications",
    "audit",
    "approvals",
    "operations",
    "privacy",
)


class App:
    """The wired application of one process: an HTTP source for the API, a registry and a deliverer for the worker.

    Nothing connects before it is used; `close` belongs to the end of the process.
    """

    def __init__(self, settings: Settings, *, deliver_here: bool = True) -> None:
        """`deliver_here` False: another process delivers, and is told of new events through the queue."""
        self.settings = settings
        self.infra = Infra(settings=settings)
        self._tells_queue = not deliver_here and not self.in_memory
        if self._tells_queue:
            self.infra.nudge.override(self.infra.queue_nudge)
        self.contexts = Contexts(infra=self.infra)
        self.contexts.operations.all_jobs.override(providers.Callable(lambda: self.jobs))
        self.contexts.operations.all_invariants.override(
            providers.Callable(lambda: invariants_of(self._each(), self.infra))
        )
        for context in self._each():
            self.registry.add(*context.subscribers())

    def _each(self) -> list[Any]:
        return [getattr(self.contexts, name) for name in NAMES]

    @property
    def in_memory(self) -> bool:
        return self.settings.storage == "memory"

    @property
    def registry(self) -> SubscriberRegistry:
        return self.infra.registry()

    @property
    def deliverer(self) -> Deliverer:
        return self.infra.deliverer()

    @property
    def relay(self) -> Relay:
        return self.infra.relay()

    @property
    def database(self) -> Database:
        return self.infra.database()

    @property
    def cache(self) -> ByteCache:
        return self.infra.cache()

    @property
    def controllers(self) -> list[type[Controller]]:
        return [controller for context in self._each() for controller in context.controllers()]

    @property
    def handlers(self) -> Mapping[str, Any]:
        """What handlers may name, by name. Raises ValueError when two contexts use one name."""
        found: dict[str, Any] = {}
        for context in self._each():
            for name, handler in context.handlers().items():
                if name in found:
                    raise ValueError(f"two contexts register {name}")
                found[name] = handler
        return found

    @property
    def schedule(self) -> list[Any]:
        return [job for context in self._each() if hasattr(context, "schedule") for job in context.schedule()]

    @property
    def jobs(self) -> list[Job]:
        """Those of the contexts, and what keeps the platform's own tables small."""
        return [*self.schedule, *housekeeping(self.infra.deliveries(), self.infra.idempotency())]

    @property
    def probes(self) -> list[Probe]:
        own = [] if self.in_memory else self._servers()
        return own + [probe for context in self._each() if hasattr(context, "probes") for probe in context.probes()]

    def _servers(self) -> list[Probe]:
        redis = Probe("redis", partial(probe, self.infra.redis()), required=False)
        return [Probe("postgres", self.database.ping), Probe("schema", self._schema), redis]

    async def _schema(self) -> None:
        await check_schema(self.database.reader)

    @property
    def api_key_door(self) -> ApiKeyDoor:
        door: ApiKeyDoor = self.contexts.identity.api_key_door()
        return door

    @property
    def staff_door(self) -> StaffDoor:
        door: StaffDoor = self.contexts.identity.staff_door()
        return door

    def http_parts(self) -> HttpParts:
        # The route of the metrics belongs to no context.
        asked = limits_of(self.controllers)
        permissions = self.infra.permissions()
        permissions.learn({"metrics:read", WAIVES_STEP_UP, *asked}, asked)
        if unknown := permissions.unknown(self.settings.second_person_rights):
            raise SettingsError([f"MERX_SECOND_PERSON_RIGHTS names rights that there are not: {', '.join(unknown)}"])
        starts, stops = self._memory_hooks() if self.in_memory else self._postgres_hooks()
        return HttpParts(
            access_tokens=self.infra.access_tokens(),
            guest_tokens=self.infra.guest_tokens(),
            idempotency=self.infra.idempotency(),
            controllers=self.controllers,
            dependencies=self.handlers,
            probes=self.probes,
            cache=self.cache,
            api_keys=self.api_key_door,
            staff_rights=self.staff_door,
            in_place=self.contexts.identity.in_place(),
            refused_requests=self.contexts.identity.refused_requests(),
            live_sessions=self.contexts.identity.live_sessions(),
            buckets=self.infra.buckets(),
            on_startup=starts,
            on_shutdown=[*stops, self.close],
        )

    def _memory_hooks(self) -> tuple[Sequence[Hook], Sequence[Hook]]:
        """One process is everything: it hears its own invalidations and delivers its own events."""
        store: MemoryStore = self.infra.store()
        cache, door, staff = self.cache, self.api_key_door, self.staff_door

        def invalidate(tags: Iterable[str]) -> None:
            cache.invalidate(tags)
            door.invalidate(tags)
            staff.invalidate(tags)

        store.on_invalidate = invalidate
        from merx.bootstrap.schedule import schedule_of, timetable_of

        scheduler = Scheduler(timetable_of(self, schedule_of(self)), self.relay.wake)

        # Litestar hands itself to hooks that take an argument; these take none.
        async def start() -> None:
            self.relay.start()
            scheduler.start()
            door.start()

        async def stop() -> None:
            await door.stop()
            await scheduler.stop()
            await self.relay.stop()

        return [start], [stop]

    def _postgres_hooks(self) -> tuple[Sequence[Hook], Sequence[Hook]]:
        door = self.api_key_door
        listener = CacheListener(self.database, self.cache, door, self.staff_door)
        gauges = OutboxGauges(self.infra.deliveries())

        async def start() -> None:
            listener.start()
            gauges.start()
            door.start()

        async def stop() -> None:
            await door.stop()
            await gauges.stop()
            await listener.stop()

        return [start], [stop]

    async def close(self) -> None:
        await self.contexts.search.index().close()
        if self._tells_queue:
            await self.infra.queue_nudge().close()
        if not self.in_memory:
            await self.infra.redis().aclose()
            await self.database.close()


def build(settings: Settings, *, deliver_here: bool = True) -> App:
    return App(settings, deliver_here=deliver_here)
