"""The outbox in memory, for tests and for `MERX_STORAGE=memory`."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from merx.infra.clock import utc_now
from merx.infra.memory import MemoryTx
from merx.infra.outbox.events import Nudge, SubscriberRegistry, nobody, rows_for
from merx.infra.outbox.jobs import JobDue, subscriber_name
from merx.kernel.ids import new_id
from merx.kernel.model import Event

EVENTS = "platform.outbox_event"
DELIVERIES = "platform.outbox_delivery"
JOB_RUNS = "platform.job_run"
JOB_PAUSES = "platform.job_pause"


class StoredEvent(msgspec.Struct):
    id: UUID
    tag: str
    payload: str
    at: datetime


class StoredDelivery(msgspec.Struct):
    """The columns of `platform.outbox_delivery`."""

    id: UUID
    event_id: UUID
    subscriber: str
    created_at: datetime
    run_after: datetime
    state: str = "pending"
    attempts: int = 0
    failures: int = 0
    lease_until: datetime | None = None
    lease_token: UUID | None = None
    last_error: str | None = None
    done_at: datetime | None = None


class StoredRun(msgspec.Struct):
    """The last run of a job, as `platform.job_run` has it."""

    slot: datetime
    delivery_id: UUID
    created_at: datetime


def turn_of(job: str, slot: datetime, now: datetime) -> tuple[StoredEvent, StoredDelivery]:
    """What a job runs by: the rows of its event and of the delivery to it."""
    event = JobDue(at=now, job=job, slot=slot)
    told = StoredEvent(event.id, JobDue.tag(), msgspec.json.encode(event).decode(), now)
    return told, StoredDelivery(new_id(), event.id, subscriber_name(job), created_at=now, run_after=now)


class MemoryOutbox:
    def __init__(self, registry: SubscriberRegistry, nudge: Nudge = nobody) -> None:
        self._registry = registry
        self._nudge = nudge

    async def write(self, tx: MemoryTx, events: Sequence[Event]) -> list[UUID]:
        rows = rows_for(events, self._registry)
        now = utc_now()
        stored = tx.table(EVENTS)
        for event in zip(rows.event_ids, rows.tags, rows.payloads, rows.at, strict=True):
            stored.put(event[0], StoredEvent(*event))
        deliveries = tx.table(DELIVERIES)
        for key, event_id, name in zip(rows.delivery_ids, rows.delivery_event_ids, rows.subscribers, strict=True):
            deliveries.put(key, StoredDelivery(key, event_id, name, created_at=now, run_after=now))
        return rows.delivery_ids

    def nudge(self, deliveries: Sequence[UUID]) -> None:
        self._nudge(deliveries)
