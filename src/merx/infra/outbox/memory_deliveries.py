"""The queue in memory. Methods do not await in the middle, so each is atomic as the statements of PostgreSQL are."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from merx.infra.clock import utc_now
from merx.infra.memory import MemoryStore, MemoryTx
from merx.infra.outbox.deliveries import (
    ENDED,
    LEASE,
    MAX_FAILURES,
    DeadLetter,
    Leased,
    QueueState,
    ReadLetter,
    floor_id,
)
from merx.infra.outbox.jobs import subscriber_name
from merx.infra.outbox.memory import DELIVERIES, EVENTS, JOB_PAUSES, StoredDelivery, StoredEvent
from merx.kernel.ids import new_id


class MemoryDeliveries:
    def __init__(self, store: MemoryStore, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._rows: dict[UUID, StoredDelivery] = store.table(DELIVERIES)
        self._events: dict[UUID, StoredEvent] = store.table(EVENTS)
        self._pauses: dict[str, datetime] = store.table(JOB_PAUSES)

    async def lease(self, limit: int, ids: Sequence[UUID] | None = None) -> list[Leased]:
        wanted = None if ids is None else set(ids)
        due = [row for row in self._due() if wanted is None or row.id in wanted]
        return self._leased(due[:limit])

    def _due(self) -> list[StoredDelivery]:
        now, paused = self._now(), self._paused()
        rows = [
            row
            for row in self._rows.values()
            if row.state == "pending"
            and row.lease_token is None
            and row.run_after <= now
            and row.subscriber not in paused
        ]
        return sorted(rows, key=lambda row: row.run_after)

    def _leased(self, rows: Sequence[StoredDelivery]) -> list[Leased]:
        token, until = new_id(), self._now() + LEASE
        leased = []
        for row in rows:
            row.attempts += 1
            row.lease_token, row.lease_until = token, until
            event = self._events.get(row.event_id)
            tag, payload = (event.tag, event.payload) if event else (None, None)
            leased.append(Leased(row.id, token, row.event_id, row.subscriber, row.attempts, row.failures, tag, payload))
        return leased

    def _suspects(self) -> list[StoredDelivery]:
        now, paused = self._now(), self._paused()
        return [
            row
            for row in self._rows.values()
            if row.state == "pending" and row.lease_until and row.lease_until < now and row.subscriber not in paused
        ]

    def _paused(self) -> set[str]:
        return {subscriber_name(job) for job in self._pauses}

    async def suspects(self) -> bool:
        for row in self._suspects():
            if row.failures + 1 >= MAX_FAILURES:
                row.failures += 1
                row.state, row.last_error = "dead", ENDED
                row.lease_token = row.lease_until = None
        return bool(self._suspects())

    async def lease_suspect(self) -> Leased | None:
        rows = self._suspects()[:1]
        for row in rows:
            row.failures += 1
        leased = self._leased(rows)
        return leased[0] if leased else None

    async def renew(self, leases: Sequence[Leased]) -> None:
        for row in self._held(leases):
            row.lease_until = self._now() + LEASE

    async def claim(self, tx: MemoryTx, lease: Leased) -> bool:
        table = tx.table(DELIVERIES)
        row: StoredDelivery | None = table.get(lease.id)
        if row is None or row.state != "pending" or row.lease_token != lease.token:
            return False
        self._finish(row)
        table.put(row.id, row)
        return True

    async def done(self, lease: Leased) -> bool:
        for row in self._held([lease]):
            self._finish(row)
            return True
        return False

    def _finish(self, row: StoredDelivery) -> None:
        row.state, row.done_at = "done", self._now()
        row.lease_token = row.lease_until = None

    async def fail(self, lease: Leased, error: str, retry_in: timedelta | None, *, counts: bool) -> None:
        for row in self._held([lease]):
            row.state = "dead" if retry_in is None else "pending"
            row.run_after = self._now() + (retry_in or timedelta(0))
            row.failures += int(counts)
            row.last_error = error
            row.lease_token = row.lease_until = None

    async def release(self, leases: Sequence[Leased]) -> None:
        for row in self._held(leases):
            row.attempts -= 1
            row.lease_token = row.lease_until = None

    def _held(self, leases: Sequence[Leased]) -> Iterator[StoredDelivery]:
        for lease in leases:
            row = self._rows.get(lease.id)
            if row is not None and row.state == "pending" and row.lease_token == lease.token:
                yield row

    def _dead(self, subscriber: str | None) -> list[StoredDelivery]:
        dead = [row for row in self._rows.values() if row.state == "dead" and subscriber in (None, row.subscriber)]
        return sorted(dead, key=lambda row: row.id)

    async def dead(
        self, subscriber: str | None = None, limit: int = 100, after: UUID | None = None
    ) -> list[DeadLetter]:
        found = [row for row in self._dead(subscriber) if after is None or row.id > after]
        return [self._letter(row) for row in found[:limit]]

    async def letter(self, id: UUID) -> ReadLetter | None:
        row = self._rows.get(id)
        if row is None or row.state != "dead":
            return None
        event = self._events.get(row.event_id)
        letter = self._letter(row)
        return ReadLetter(letter, None, None) if event is None else ReadLetter(letter, event.at, event.payload)

    def _letter(self, row: StoredDelivery) -> DeadLetter:
        event = self._events.get(row.event_id)
        return DeadLetter(
            row.id,
            row.event_id,
            row.subscriber,
            event.tag if event else "",
            row.attempts,
            row.failures,
            row.last_error or "",
            row.created_at,
        )

    async def prune(self, older_than: timedelta) -> int:
        floor = floor_id(older_than)
        done = [row.id for row in self._rows.values() if row.id < floor and row.state == "done"]
        for row_id in done:
            del self._rows[row_id]
        needed = {row.event_id for row in self._rows.values()}
        gone = [event_id for event_id in self._events if event_id < floor and event_id not in needed]
        for event_id in gone:
            del self._events[event_id]
        return len(done) + len(gone)

    async def state(self) -> QueueState:
        due = self._due()
        pending = sum(row.state == "pending" for row in self._rows.values())
        oldest = (self._now() - due[0].run_after).total_seconds() if due else 0.0
        return QueueState(pending, len(self._dead(None)), oldest)
