"""An export that is asked for several times at once, and one that is overtaken."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from merx.contexts.privacy.adapters.postgres import PostgresPrivacyUow
from merx.contexts.privacy.adapters.postgres.uow import PostgresExports
from merx.contexts.privacy.domain.export import DataExport
from merx.contexts.privacy.events import ExportAsked
from merx.contexts.privacy.usecases.exports import AskExportHandler
from merx.infra.postgres import PostgresTx
from merx.kernel.errors import Conflict
from merx.kernel.personal_data import Subject
from tests.contexts.privacy.conftest import CANARY, Shop
from tests.contexts.privacy.racing import Gate, actor_of
from tests.support.at_once import at_once

AT_ONCE = 6


async def exports_at_once(shop: Shop, uow: Any = None) -> list[Any]:
    person = await shop.register(CANARY)
    whole: AskExportHandler = shop.app.contexts.privacy.ask_export()
    ask = AskExportHandler(uow or whole.uow, whole.accounts, whole.clock)
    return await at_once(*(ask(actor_of(person)) for _ in range(AT_ONCE)))


@pytest.mark.services
async def test_an_export_that_is_asked_for_six_times_at_once_is_one(postgres_shop: Shop):
    assert len(set(await exports_at_once(postgres_shop))) == 1


@pytest.mark.services
async def test_negative_control_without_the_lock_somebody_is_refused(postgres_shop: Shop):
    """All look before the first one writes."""
    infra, looked = postgres_shop.app.infra, asyncio.Barrier(AT_ONCE)

    class Unlocked(PostgresExports):
        async def asked_since(self, account_id: UUID, moment: datetime) -> list[datetime]:
            return []

        async def preparing(self, account_id: UUID) -> DataExport | None:
            found = await super().preparing(account_id)
            await looked.wait()
            return found

    class UnlockedUow(PostgresPrivacyUow):
        def open(self, tx: PostgresTx) -> None:
            super().open(tx)
            self.exports = Unlocked(tx)

    found = await exports_at_once(postgres_shop, lambda: UnlockedUow(infra.database(), infra.outbox()))
    assert sum(isinstance(each, Conflict) for each in found) == AT_ONCE - 1


async def test_s37_a_file_that_is_written_while_its_person_is_erased_goes_too(shop: Shop):
    """The worker that makes the file stands still until nothing is left of the person."""
    person = await shop.register(CANARY)
    asked = await shop.call("POST", "/users/me/export", None, person.headers)
    maker, gate = shop.app.contexts.privacy.make_export(), Gate()

    class Slow(Gate):
        async def export(self, subject: Subject) -> list[Any]:
            gate.reached.set()
            await gate.open.wait()
            return []

    slow = type(maker)(maker.uow, [*maker.parts, Slow()], maker.accounts, maker.files, maker.clock, maker.days)
    export_id = UUID(asked["id"])
    work = asyncio.create_task(slow(ExportAsked(at=shop.clock.now(), export_id=export_id)))
    await gate.reached.wait()
    await shop.erase(person)
    gate.open.set()
    await work
    assert await maker.files.read(export_id) is None


async def test_the_older_file_goes_also_when_the_worker_was_killed_after_it_told_of_the_newer(shop: Shop):
    person = await shop.register(CANARY)
    maker = shop.app.contexts.privacy.make_export()

    class Killed:
        async def write(self, export_id: UUID, content: bytes) -> None:
            await maker.files.write(export_id, content)

        async def remove(self, export_id: UUID) -> None:
            raise RuntimeError("killed")

    first = await shop.call("POST", "/users/me/export", None, person.headers)
    await shop.settle()
    shop.clock.advance(timedelta(seconds=1))
    second = await shop.call("POST", "/users/me/export", None, person.headers)
    killed = type(maker)(maker.uow, maker.parts, maker.accounts, Killed(), maker.clock, maker.days)
    with pytest.raises(RuntimeError, match="killed"):
        await killed(ExportAsked(at=shop.clock.now(), export_id=UUID(second["id"])))
    assert await maker.files.read(UUID(first["id"])) is not None
    # The news comes again.
    await shop.settle()
    assert await maker.files.read(UUID(first["id"])) is None
    held = await shop.call("GET", "/users/me/exports", None, person.headers)
    assert {each["id"]: each["state"] for each in held["items"]} == {first["id"]: "expired", second["id"]: "ready"}
