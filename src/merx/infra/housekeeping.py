"""Jobs that keep the platform's own tables small."""

from datetime import timedelta

from loguru import logger

from merx.infra.idempotency.store import IdempotencyStore
from merx.infra.outbox.deliveries import Deliveries
from merx.infra.outbox.jobs import Job, JobDue

DONE_KEPT = timedelta(days=7)


def housekeeping(deliveries: Deliveries, idempotency: IdempotencyStore) -> list[Job]:
    async def prune_outbox(_: JobDue) -> None:
        logger.info("removed {} done deliveries and old events", await deliveries.prune(DONE_KEPT))

    async def prune_idempotency(_: JobDue) -> None:
        logger.info("removed {} expired idempotency keys", await idempotency.prune())

    return [
        Job("platform.prune-outbox", timedelta(hours=1), prune_outbox),
        Job("platform.prune-idempotency-keys", timedelta(minutes=10), prune_idempotency),
    ]
