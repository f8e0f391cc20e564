"""Jobs and dead letters in one transaction in the process. The timetable takes its turn with units of work."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from merx.contexts.operations.adapters.periods import named
from merx.contexts.operations.domain.errors import JobIsPaused, JobRuns
from merx.infra.clock import utc_now
from merx.infra.memory import MemoryStore, MemoryTable, MemoryTx, MemoryUow
from merx.infra.outbox.events import OutboxWriter
from merx.infra.outbox.jobs import JOB_PREFIX, Job
from merx.infra.outbox.memory import (
    DELIVERIES,
    EVENTS,
    JOB_PAUSES,
    JOB_RUNS,
    StoredDelivery,
    StoredEvent,
    StoredRun,
    turn_of,
)


class MemoryJobBook:
    def __init__(self, tx: MemoryTx, jobs: Callable[[], Sequence[Job]]) -> None:
        self._pauses: MemoryTable[datetime] = tx.table(JOB_PAUSES)
        self._runs: MemoryTable[StoredRun] = tx.table(JOB_RUNS)
        self._events: MemoryTable[StoredEvent] = tx.table(EVENTS)
        self._deliveries: MemoryTable[StoredDelivery] = tx.table(DELIVERIES)
        self._jobs = jobs

    async def pause(self, name: str, now: datetime) -> bool:
        if self._pauses.get(named(self._jobs(), name).name) is not None:
            return False
        self._pauses.put(name, now)
        return True

    async def resume(self, name: str) -> bool:
        if self._pauses.get(named(self._jobs(), name).name) is None:
            return False
        self._pauses.delete(name)
        return True

    async def run(self, name: str) -> None:
        job, now = named(self._jobs(), name), utc_now()
        if self._pauses.get(name) is not None:
            raise JobIsPaused("resume it first")
        last = self._runs.get(name)
        running = self._deliveries.get(last.delivery_id) if last is not None else None
        if running is not None and running.state == "pending":
            raise JobRuns("wait until the present run has ended")
        event, turn = turn_of(name, job.period(now), now)
        self._events.put(event.id, event)
        self._deliveries.put(turn.id, turn)
        self._runs.put(name, StoredRun(now, turn.id, now))


class MemoryDeadLetters:
    def __init__(self, tx: MemoryTx) -> None:
        self._deliveries: MemoryTable[StoredDelivery] = tx.table(DELIVERIES)

    async def retry(self, subscriber: str | None, ids: Sequence[UUID] | None) -> list[UUID]:
        wanted = None if ids is None else set(ids)
        asked = [
            row
            for row in self._deliveries.values()
            if row.state == "dead" and subscriber in (None, row.subscriber) and (wanted is None or row.id in wanted)
        ]
        running = {row.subscriber for row in self._deliveries.values() if row.state == "pending"}
        # Of a job the latest one, and only where no run waits or works: two at once would do the same things twice.
        latest = {row.subscriber: row.id for row in sorted(asked, key=lambda row: row.id)}
        found = [
            row
            for row in asked
            if not row.subscriber.startswith(JOB_PREFIX)
            or (row.subscriber not in running and row.id == latest[row.subscriber])
        ]
        for row in found:
            row.state, row.run_after, row.attempts, row.failures = "pending", utc_now(), 0, 0
            self._deliveries.put(row.id, row)
        return [row.id for row in found]

    async def is_dead(self, letter_id: UUID) -> bool:
        found = self._deliveries.get(letter_id)
        return found is not None and found.state == "dead"


class MemoryOperationsUow(MemoryUow):
    def __init__(self, store: MemoryStore, outbox: OutboxWriter, jobs: Callable[[], Sequence[Job]]) -> None:
        super().__init__(store, outbox)
        self._jobs = jobs

    def open(self, tx: MemoryTx) -> None:
        self.jobs = MemoryJobBook(tx, self._jobs)
        self.dead_letters = MemoryDeadLetters(tx)
