"""Periodic jobs as staff sees and steers them."""

from datetime import datetime
from enum import StrEnum
from typing import Protocol

from merx.kernel.model import View
from merx.kernel.paging import Page


class JobState(StrEnum):
    """`waiting`: a run is due and no worker has begun it, or its next attempt is still to come."""

    resting = "resting"
    waiting = "waiting"
    running = "running"
    paused = "paused"


class RunState(StrEnum):
    """`given_up`: it is a dead letter."""

    waiting = "waiting"
    running = "running"
    done = "done"
    given_up = "given_up"


class RunView(View, frozen=True):
    """`error` is what the last attempt failed with, without names and addresses; empty for a run that is done."""

    asked_at: datetime
    state: RunState
    attempts: int
    done_at: datetime | None
    error: str


class JobView(View, frozen=True):
    """`next_run` is when the next period begins that has no run yet; None while the job is paused."""

    name: str
    every_seconds: int
    state: JobState
    paused_at: datetime | None
    next_run: datetime | None
    last_run: RunView | None


class JobQueries(Protocol):
    async def page(self, now: datetime, after: str | None, limit: int) -> Page[JobView]:
        """By name."""
        ...

    async def one(self, name: str, now: datetime) -> JobView:
        """Raises JobNotFound."""
        ...


class JobBook(Protocol):
    """Jobs in an open transaction. Every method raises JobNotFound for a name that no context schedules."""

    async def pause(self, name: str, now: datetime) -> bool:
        """From its commit on nothing of the job begins, in any process: no run, and no further attempt of one.

        False when it is paused already.
        """
        ...

    async def resume(self, name: str) -> bool:
        """False when it is not paused."""
        ...

    async def run(self, name: str) -> None:
        """Make it due now. It counts for the present period, and keeps its turn with every scheduler.

        Raises JobIsPaused, and JobRuns while another run waits or works.
        """
        ...
