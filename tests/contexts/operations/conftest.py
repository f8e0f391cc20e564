"""A shop with jobs of its own, on each storage, whose news may be made to fail."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from dependency_injector import providers

from merx.bootstrap.container import App
from merx.bootstrap.schedule import timetable_of
from merx.contexts.identity.events import EmailVerified
from merx.infra.outbox.events import Subscriber
from merx.infra.outbox.jobs import Job, JobDue, Schedule
from merx.infra.settings import Settings
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.errors import Invalid
from merx.kernel.ids import new_id
from tests.support.apps import PATIENT, new_app

SUBSCRIBER = "toy.refuses"
JOB = "toy.daily"


class Shop:
    """`refuses`: the toy subscriber and the toy job fail, at once and for good."""

    def __init__(self, app: App) -> None:
        self.app, self.refuses, self.runs = app, True, 0
        self.toy = Job(JOB, timedelta(days=1), self._run, offset=timedelta(hours=3))
        app.contexts.operations.all_jobs.override(providers.Callable(lambda: [*app.jobs, self.toy]))
        self.schedule = Schedule()
        self.schedule.add(self.toy)
        app.registry.add(self.toy.subscriber, Subscriber(SUBSCRIBER, EmailVerified, self._hear))
        self.operations = app.contexts.operations
        self.jobs, self.letters = self.operations.job_queries(), self.operations.dead_letter_queries()
        self.steer, self.retry = self.operations.steer_job(), self.operations.retry_dead_letters()
        self.clock = app.infra.clock()
        self.actor = Actor(kind=ActorKind.staff, account_id=new_id(), permissions=frozenset({"*"}), fresh=True)

    async def _run(self, _: JobDue) -> None:
        if self.refuses:
            raise Invalid("the job refuses ada@example.com")
        self.runs += 1

    async def _hear(self, _: EmailVerified) -> None:
        if self.refuses:
            raise Invalid("never heard of ada@example.com")

    async def tick(self) -> int:
        return len(await timetable_of(self.app, self.schedule).tick())

    async def deliver(self) -> int:
        return await self.app.deliverer.drain()

    async def dead(self, count: int) -> list[UUID]:
        """So many dead letters of the toy subscriber, oldest first."""
        self.refuses = True
        for _ in range(count):
            async with self.operations.uow() as uow:
                uow.emit(EmailVerified(at=self.clock.now(), account_id=new_id(), email="ada@example.com"))
                await uow.commit()
        await self.deliver()
        self.refuses = False
        return [letter.id for letter in (await self.letters.page(SUBSCRIBER, None, 100)).items]

    async def job(self) -> Any:
        return await self.jobs.one(JOB, self.clock.now())

    async def trail(self) -> list[str]:
        rows = await self.app.contexts.audit.queries().rows(0, 100)
        return [row.action for row in rows if row.action.startswith("operations.")]


@pytest.fixture
async def memory_shop() -> AsyncIterator[Shop]:
    app = new_app()
    yield Shop(app)
    await app.close()


@pytest.fixture
async def postgres_shop(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    app = App(Settings(database_url=database_url, data_dir=str(tmp_path_factory.mktemp("shop")), **PATIENT))
    yield Shop(app)
    await app.close()


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.services)])
def shop(request: pytest.FixtureRequest) -> Shop:
    found: Shop = request.getfixturevalue(f"{request.param}_shop")
    return found
