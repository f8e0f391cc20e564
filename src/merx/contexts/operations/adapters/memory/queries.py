"""Reads of jobs in the process."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from merx.contexts.operations.adapters.periods import named, picked, run_state, view_of
from merx.contexts.operations.ports.jobs import JobView, RunState, RunView
from merx.infra.memory import MemoryStore
from merx.infra.outbox.jobs import Job
from merx.infra.outbox.memory import (
    DELIVERIES,
    JOB_PAUSES,
    JOB_RUNS,
    StoredDelivery,
    StoredRun,
)
from merx.kernel.paging import Page


class MemoryJobQueries:
    def __init__(self, store: MemoryStore, jobs: Callable[[], Sequence[Job]]) -> None:
        self._runs: dict[str, StoredRun] = store.table(JOB_RUNS)
        self._pauses: dict[str, datetime] = store.table(JOB_PAUSES)
        self._deliveries: dict[UUID, StoredDelivery] = store.table(DELIVERIES)
        self._jobs = jobs

    async def page(self, now: datetime, after: str | None, limit: int) -> Page[JobView]:
        page = picked(self._jobs(), after, limit)
        return Page([self._view(job, now) for job in page.items], page.next)

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
