"""Reads of jobs and dead letters in the process."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from merx.contexts.operations.adapters.periods import named, picked, run_state, view_of
from merx.contexts.operations.domain.errors import DeadLetterNotFound
from merx.contexts.operations.ports.dead_letters import DeadLetterDetail, DeadLetterView
from merx.contexts.operations.ports.jobs import JobView, RunState, RunView
from merx.infra.memory import MemoryStore
from merx.infra.outbox.jobs import Job
from merx.infra.outbox.memory import (
    DELIVERIES,
    EVENTS,
    JOB_PAUSES,
    JOB_RUNS,
    StoredDelivery,
    StoredEvent,
    StoredRun,
)
from merx.infra.personal_data.platform import without_people
from merx.kernel.paging import Page, decode_id, encode_cursor


class MemoryJobQueries:
    def __init__(self, store: MemoryStore, jobs: Callable[[], Sequence[Job]]) -> None:
        self._runs: dict[str, StoredRun] = store.table(JOB_RUNS)
        self._pauses: dict[str, datetime] = store.table(JOB_PAUSES)
        self._deliveries: dict[UUID, StoredDelivery] = store.table(DELIVERIES)
        self._jobs = jobs

    async def page(self, now: datetime, after: str | None, limit: int) -> Page[JobView]:
        jobs, following = picked(self._jobs(), after, limit)
        return Page([self._view(job, now) for job in jobs], following)

    async def one(self, name: str, now: datetime) -> JobView:
        return self._view(named(self._jobs(), name), now)

    def _view(self, job: Job, now: datetime) -> JobView:
        paused_at, run = self._pauses.get(job.name), self._runs.get(job.name)
        if run is None:
            return view_of(job, now, paused_at, None, None)
        delivery = self._deliveries.get(run.delivery_id)
        if delivery is None:
            last = RunView(run.created_at, RunState.done, 0, None, "")
        else:
            state = run_state(delivery.state, leased=delivery.lease_token is not None)
            error = "" if state is RunState.done else delivery.last_error or ""
            last = RunView(run.created_at, state, delivery.attempts, delivery.done_at, error)
        return view_of(job, now, paused_at, run.slot, last)


class MemoryDeadLetterQueries:
    def __init__(self, store: MemoryStore) -> None:
        self._deliveries: dict[UUID, StoredDelivery] = store.table(DELIVERIES)
        self._events: dict[UUID, StoredEvent] = store.table(EVENTS)

    async def page(self, subscriber: str | None, after: str | None, limit: int) -> Page[DeadLetterView]:
        above = decode_id(after)
        found = [
            row
            for row in sorted(self._deliveries.values(), key=lambda row: row.id)
            if row.state == "dead" and subscriber in (None, row.subscriber) and (above is None or row.id > above)
        ]
        items = [self._view(row) for row in found[:limit]]
        return Page(items, encode_cursor(str(items[-1].id)) if len(found) > limit else None)

    async def one(self, letter_id: UUID) -> DeadLetterDetail:
        row = self._deliveries.get(letter_id)
        if row is None or row.state != "dead":
            raise DeadLetterNotFound
        event, view = self._events.get(row.event_id), self._view(row)
        told = [getattr(view, name) for name in DeadLetterView.__struct_fields__]
        told += [None, None] if event is None else [event.at, without_people(event.payload)]
        return DeadLetterDetail(*told)

    def _view(self, row: StoredDelivery) -> DeadLetterView:
        event = self._events.get(row.event_id)
        return DeadLetterView(
            row.id,
            row.subscriber,
            event.tag if event else "",
            row.event_id,
            row.attempts,
            row.failures,
            row.last_error or "",
            row.created_at,
        )
