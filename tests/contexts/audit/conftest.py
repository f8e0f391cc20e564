"""The trail on each storage, with a clock that tests set, and the routes behind the real frame."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from dependency_injector import providers

from merx.bootstrap.container import App
from merx.infra.audit.memory import ENTRIES, MemoryTrail
from merx.infra.memory import MemoryUow
from merx.infra.postgres import PostgresUow
from merx.infra.postgres.trail import PostgresTrail
from merx.infra.settings import Settings
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.audit import AuditEntry, facts
from merx.kernel.audit_chain import AuditRow
from merx.kernel.ids import new_id
from tests.support.apps import new_app
from tests.support.asgi import AsgiClient
from tests.support.clock import FixedClock
from tests.support.stage import staged

STAFF = Actor(kind=ActorKind.staff, account_id=new_id(), request_id="r-1", client="192.0.2.7")


class Office:
    """A shop of which only the trail is looked at. `tamper` is what somebody with all rights on the storage does."""

    def __init__(self, settings: Settings, admin_url: str = "") -> None:
        self.settings = settings
        self.clock = FixedClock(datetime(2031, 1, 1, 12, tzinfo=UTC))
        self.app = new_app(settings) if settings.storage == "memory" else App(settings)
        self.app.infra.clock.override(providers.Object(self.clock))
        self.audit = self.app.contexts.audit
        self._admin_url = admin_url

    def uow(self) -> Any:
        infra = self.app.infra
        if self.app.in_memory:
            return MemoryUow(infra.store(), infra.outbox(), MemoryTrail(self.clock.now, infra.trail_seals))
        return PostgresUow(infra.database(), infra.outbox(), PostgresTrail(self.clock.now, infra.trail_seals))

    async def write(self, count: int = 1, actor: Actor = STAFF, **given: Any) -> None:
        for number in range(count):
            entry = {"action": "toys.box-made", "target": "box", "target_id": str(number), "changes": facts(n=number)}
            async with self.uow() as uow:
                uow.record(AuditEntry(actor=actor, **(entry | given)))
                await uow.commit()

    async def rows(self) -> list[AuditRow]:
        return list(await self.audit.queries().rows(0, 10_000))

    async def tamper(self, rows: list[AuditRow]) -> None:
        """Put these rows in the place of the trail."""
        if self.app.in_memory:
            table = self.app.infra.store().table(ENTRIES)
            table.clear()
            table.update({row.seq: row for row in rows})
            return
        connection = await asyncpg.connect(self._admin_url)
        try:
            await connection.execute("delete from audit.entry")
            names = ", ".join(AuditRow.__struct_fields__)
            marks = ", ".join(f"${number + 1}" for number in range(len(AuditRow.__struct_fields__)))
            await connection.executemany(
                f"insert into audit.entry ({names}) values ({marks})",
                [tuple(msgspec.structs.asdict(row).values()) for row in rows],
            )
        finally:
            await connection.close()

    def bearer(self, *permissions: str) -> dict[str, str]:
        token = self.app.infra.access_tokens().issue(new_id(), ActorKind.staff, permissions)
        return {"authorization": f"Bearer {token}"}


@pytest.fixture
def memory_office() -> Office:
    return Office(Settings(storage="memory"))


@pytest.fixture
async def postgres_office(database_url: str, owner_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    office = Office(Settings(database_url=database_url, data_dir=str(tmp_path)), owner_url)
    yield office
    await office.app.close()


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.services)])
def office(request: pytest.FixtureRequest) -> Office:
    found: Office = request.getfixturevalue(f"{request.param}_office")
    return found


@pytest.fixture
async def client(memory_office: Office) -> AsgiClient:
    return AsgiClient(staged(memory_office.settings, memory_office.app))
