"""A job of the schedule and what the storage knows of it, as staff sees it."""

from collections.abc import Sequence
from datetime import datetime

from merx.contexts.operations.domain.errors import JobNotFound
from merx.contexts.operations.ports.jobs import JobState, JobView, RunState, RunView
from merx.infra.outbox.jobs import Job
from merx.kernel.paging import Page, decode_cursor, page_of


def named(jobs: Sequence[Job], name: str) -> Job:
    """Raises JobNotFound."""
    for job in jobs:
        if job.name == name:
            return job
    raise JobNotFound


def picked(jobs: Sequence[Job], after: str | None, limit: int) -> Page[Job]:
    """One page of the schedule by name."""
    behind = "" if after is None else str(decode_cursor(after, 1)[0])
    found = sorted((job for job in jobs if job.name > behind), key=lambda job: job.name)
    return page_of(found, limit, lambda job: job.name)


def run_state(delivery: str | None, *, leased: bool) -> RunState:
    """By the state of the delivery, which is removed some days after it was done."""
    if delivery == "pending":
        return RunState.running if leased else RunState.waiting
    return RunState.given_up if delivery == "dead" else RunState.done


def view_of(
    job: Job, now: datetime, paused_at: datetime | None, slot: datetime | None, last: RunView | None
) -> JobView:
    """`slot` is the moment or the period that the last run counts for."""
    state = JobState.resting
    if paused_at is not None:
        state = JobState.paused
    elif last is not None and last.state in (RunState.waiting, RunState.running):
        state = JobState(last.state)
    period = job.period(now)
    due = period if slot is None or slot < period else period + job.every
    next_run = None if paused_at is not None else due
    return JobView(job.name, int(job.every.total_seconds()), state, paused_at, next_run, last)
