"""Periodic jobs: each period once, whatever the number of schedulers and workers, on every storage."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from merx.infra.housekeeping import housekeeping
from merx.infra.idempotency.memory import MemoryIdempotency
from merx.infra.idempotency.postgres import PostgresIdempotency
from merx.infra.outbox.deliver import Deliverer
from merx.infra.outbox.deliveries import Deliveries
from merx.infra.outbox.jobs import Job, JobDue, Schedule, Timetable
from merx.infra.outbox.memory_deliveries import MemoryDeliveries
from merx.infra.outbox.postgres_deliveries import PostgresDeliveries
from merx.infra.outbox.scheduler import Scheduler
from merx.infra.outbox.timetables import MemoryTimetable, PostgresTimetable
from tests.support.drain import drain
from tests.support.shelf import Storage

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


class Time:
    """Passes at once in memory; the clock of a database has to be waited for."""

    def __init__(self, storage: Storage) -> None:
        self._waits = storage.store is None
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    async def passes(self, seconds: float) -> None:
        if self._waits:
            await asyncio.sleep(seconds)
        else:
            self._ahead += timedelta(seconds=seconds)


@pytest.fixture
def time(storage: Storage) -> Time:
    return Time(storage)


def timetable_of(storage: Storage, *jobs: Job, time: Time | None = None) -> Timetable:
    schedule = Schedule()
    schedule.add(*jobs)
    storage.registry.add(*schedule.subscribers())
    if storage.store is not None:
        return MemoryTimetable(storage.store, schedule, (time or Time(storage)).now)
    assert storage.database is not None
    return PostgresTimetable(storage.database, schedule)


@pytest.fixture
def deliveries(storage: Storage, time: Time) -> Deliveries:
    if storage.store is not None:
        return MemoryDeliveries(storage.store, time.now)
    assert storage.database is not None
    return PostgresDeliveries(storage.database)


@pytest.fixture
def heard() -> list[JobDue]:
    return []


def job(heard: list[JobDue], name: str, every: timedelta, offset: timedelta = timedelta(0)) -> Job:
    async def run(event: JobDue) -> None:
        heard.append(event)

    return Job(name, every, run, offset=offset)


async def test_a_job_is_due_once_a_period(
    storage: Storage, deliveries: Deliveries, heard: list[JobDue], time: Time
) -> None:
    jobs = job(heard, "toy.daily", DAY, timedelta(hours=3)), job(heard, "toy.often", SECOND)
    timetable = timetable_of(storage, *jobs, time=time)
    deliverer = Deliverer(deliveries, storage.registry)
    assert len(await timetable.tick()) == 2
    await drain(deliverer, deliveries)
    slots = {event.job: event.slot for event in heard}
    assert slots["toy.daily"] <= datetime.now(UTC) < slots["toy.daily"] + DAY
    assert (slots["toy.daily"].hour, slots["toy.daily"].minute) == (3, 0)
    await time.passes(1.05)
    assert len(await timetable.tick()) == 1
    await drain(deliverer, deliveries)
    assert [event.job for event in heard].count("toy.often") == 2


async def test_any_number_of_schedulers_make_one_run(storage: Storage, heard: list[JobDue]) -> None:
    timetable = timetable_of(storage, *(job(heard, f"toy.job{number}", DAY) for number in range(5)))
    made = await asyncio.gather(*(timetable.tick() for _ in range(8)))
    assert sum(map(len, made)) == 5
    assert await timetable.tick() == []


async def test_missed_periods_are_made_up_for_by_one_run(
    storage: Storage, deliveries: Deliveries, heard: list[JobDue], time: Time
) -> None:
    """No worker for two periods: the run that waits is not joined by others, and afterwards only the present is due."""
    timetable = timetable_of(storage, job(heard, "toy.often", SECOND), time=time)
    deliverer = Deliverer(deliveries, storage.registry)
    assert len(await timetable.tick()) == 1
    await time.passes(2.1)
    assert await timetable.tick() == []
    await drain(deliverer, deliveries)
    assert len(await timetable.tick()) == 1
    await drain(deliverer, deliveries)
    assert len(heard) == 2
    assert heard[1].slot - heard[0].slot >= 2 * SECOND


async def test_the_scheduler_ticks_and_tells(storage: Storage, heard: list[JobDue]) -> None:
    told: list[object] = []
    scheduler = Scheduler(timetable_of(storage, job(heard, "toy.often", SECOND)), told.extend, every=0.02)
    scheduler.start()
    await asyncio.sleep(0.1)
    await scheduler.stop()
    assert len(told) == 1


async def test_housekeeping_runs(storage: Storage, deliveries: Deliveries) -> None:
    if storage.database is not None:
        jobs = housekeeping(deliveries, PostgresIdempotency(storage.database))
    else:
        assert storage.store is not None
        jobs = housekeeping(deliveries, MemoryIdempotency(storage.store))
    timetable = timetable_of(storage, *jobs)
    assert len(await timetable.tick()) == 2
    assert await drain(Deliverer(deliveries, storage.registry), deliveries) == 2


def test_names_are_used_once_and_periods_are_seconds_at_least(heard: list[JobDue]) -> None:
    schedule = Schedule()
    schedule.add(job(heard, "toy.daily", DAY))
    with pytest.raises(ValueError, match="twice"):
        schedule.add(job(heard, "toy.daily", DAY))
    with pytest.raises(ValueError, match="frequent"):
        schedule.add(job(heard, "toy.mad", timedelta(milliseconds=10)))
