"""Periodic jobs are deliveries too: same leases, attempts, dead letters. A scheduler only decides that one is due."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import UUID

from merx.infra.outbox.events import Subscriber
from merx.kernel.model import Event
from merx.kernel.ports import UnitOfWork

JOB_PREFIX = "job:"


class JobDue(Event, frozen=True, tag="platform.job-due.v1"):
    """A job's turn. `slot` is the beginning of the period that this run is for."""

    job: str
    slot: datetime


@dataclass(frozen=True, slots=True)
class Job:
    """Runs once in every period, counted from 1970 in UTC plus `offset`: a day and three hours is daily at 03:00.

    `handler` is that of a subscriber to JobDue, transactional when `uow` is given. Periods missed while no scheduler
    or worker ran are made up for by a single run. The name is stored: keep it when code moves.
    """

    name: str
    every: timedelta
    handler: Callable[..., Awaitable[None]]
    uow: Callable[[], UnitOfWork] | None = None
    offset: timedelta = timedelta(0)

    def period(self, at: datetime) -> datetime:
        """When the period began that `at` is in."""
        start = datetime.fromtimestamp(0, UTC) + self.offset
        return start + (at - start) // self.every * self.every

    @property
    def subscriber(self) -> Subscriber:
        return Subscriber(subscriber_name(self.name), JobDue, self.handler, self.uow)


def subscriber_name(job: str) -> str:
    return f"{JOB_PREFIX}{job}"


@dataclass
class Schedule:
    """All jobs of the application; each context adds its own."""

    jobs: list[Job] = field(default_factory=list)

    def add(self, *jobs: Job) -> None:
        for job in jobs:
            if job.every < timedelta(seconds=1):
                raise ValueError(f"{job.name} is too frequent for a scheduler that looks every second")
            if any(job.name == other.name for other in self.jobs):
                raise ValueError(f"job {job.name} is scheduled twice")
            self.jobs.append(job)

    def subscribers(self) -> list[Subscriber]:
        return [job.subscriber for job in self.jobs]


class Timetable(Protocol):
    async def tick(self) -> list[UUID]:
        """Make a delivery for every job whose period has begun and that has no run for it yet.

        Any number of schedulers may tick at once. A job whose last run still waits gets no second one, and a paused
        job none.
        """
        ...
