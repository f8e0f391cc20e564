"""Reads of jobs on PostgreSQL."""

from collections.abc import Callable, Sequence
from datetime import datetime

import asyncpg

from merx.contexts.operations.adapters.periods import named, picked, run_state, view_of
from merx.contexts.operations.ports.jobs import JobView, RunState, RunView
from merx.infra.outbox.jobs import Job
from merx.infra.postgres import Reader, compiled
from merx.kernel.paging import Page

_RUNS = compiled("""
    select wanted.job, pause.paused_at, last.* from unnest(cast(:jobs as text[])) as wanted (job)
    left join platform.job_pause pause on pause.job = wanted.job
    left join lateral (
        select run.slot, run.created_at, delivery.state, delivery.lease_token is not null as leased,
            coalesce(delivery.attempts, 0) as attempts, delivery.done_at, coalesce(delivery.last_error, '') as error
        from platform.job_run run left join platform.outbox_delivery delivery on delivery.id = run.delivery_id
        where run.job = wanted.job order by run.slot desc limit 1
    ) last on true
""")


class PostgresJobQueries:
    def __init__(self, reader: Reader, jobs: Callable[[], Sequence[Job]]) -> None:
        self._reader = reader
        self._jobs = jobs

    async def page(self, now: datetime, after: str | None, limit: int) -> Page[JobView]:
        page = picked(self._jobs(), after, limit)
        return Page(await self._views(page.items, now), page.next)

    async def one(self, name: str, now: datetime) -> JobView:
        [view] = await self._views([named(self._jobs(), name)], now)
        return view

    async def _views(self, jobs: Sequence[Job], now: datetime) -> list[JobView]:
        rows = {row["job"]: row for row in await self._reader.fetch(_RUNS, jobs=[job.name for job in jobs])}
        return [
            view_of(job, now, rows[job.name]["paused_at"], rows[job.name]["slot"], _last(rows[job.name]))
            for job in jobs
        ]


def _last(row: asyncpg.Record) -> RunView | None:
    if row["slot"] is None:
        return None
    state = run_state(row["state"], leased=row["leased"])
    error = "" if state is RunState.done else row["error"]
    return RunView(row["created_at"], state, row["attempts"], row["done_at"], error)
