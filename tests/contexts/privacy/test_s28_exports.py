"""S28: a person gets a few exports a day, whoever asks how often: each one reads all that is known of them."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from merx.contexts.privacy.adapters.postgres import PostgresPrivacyUow
from merx.contexts.privacy.adapters.postgres.uow import PostgresExports
from merx.contexts.privacy.domain.errors import TooManyExports
from merx.contexts.privacy.domain.export import DAY, MAX_A_DAY
from merx.contexts.privacy.usecases.exports import AskExportHandler
from merx.infra.postgres import PostgresTx
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.errors import StaleVersion
from tests.contexts.privacy.conftest import CANARY, NEIGHBOUR, Person, Shop

AT_ONCE = 8


def actor_of(person: Person) -> Actor:
    return Actor(kind=ActorKind.customer, account_id=UUID(person.account_id))


async def made(shop: Shop, export_id: UUID) -> None:
    """As the worker leaves it."""
    async with shop.app.contexts.privacy.uow() as uow:
        export = await uow.exports.get(export_id)
        export.is_there(1, shop.clock.now(), timedelta(days=7))
        await uow.exports.save(export)
        await uow.commit()


async def test_s28_the_fourth_export_of_a_day_is_refused_and_says_when(shop: Shop):
    person, other = await shop.register(CANARY), await shop.register(NEIGHBOUR)
    for _ in range(MAX_A_DAY):
        asked = await shop.call("POST", "/users/me/export", None, person.headers)
        # While it is being made the same one is answered, and nothing is counted.
        assert (await shop.call("POST", "/users/me/export", None, person.headers))["id"] == asked["id"]
        await made(shop, UUID(asked["id"]))
        shop.clock.advance(timedelta(minutes=1))
    refused = await shop.send("POST", "/users/me/export", None, person.headers)
    assert (refused.status, refused.slug) == (429, "privacy.too-many-exports")
    assert refused.header("retry-after") == str(int(DAY.total_seconds()) - MAX_A_DAY * 60)
    assert (await shop.send("POST", "/users/me/export", None, other.headers)).status == 202
    ask = shop.app.contexts.privacy.ask_export()
    shop.clock.advance(DAY - timedelta(minutes=MAX_A_DAY, seconds=1))
    with pytest.raises(TooManyExports) as late:
        await ask(actor_of(person))
    assert late.value.retry_after == 1
    shop.clock.advance(timedelta(seconds=1))
    await made(shop, await ask(actor_of(person)))
    with pytest.raises(TooManyExports):
        await ask(actor_of(person))


async def many(shop: Shop, person: Person, uow: Callable[[], Any], hands: asyncio.Semaphore) -> int:
    """How many exports there are after many asked at once; each is made as soon as it is asked for."""
    usual = shop.app.contexts.privacy.ask_export()

    async def one() -> None:
        try:
            await made(shop, await AskExportHandler(uow, usual.accounts, usual.clock)(actor_of(person)))
        except (TooManyExports, StaleVersion):
            # Several may be given the same export, and one of them makes it.
            return
        finally:
            hands.release()

    await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    async with shop.app.contexts.privacy.uow() as open_uow:
        return len(await open_uow.exports.of_account(UUID(person.account_id)))


@pytest.mark.services
async def test_s28_many_who_ask_at_once_get_a_few(postgres_shop: Shop):
    person = await postgres_shop.register(CANARY)
    usual = postgres_shop.app.contexts.privacy.uow
    assert 1 <= await many(postgres_shop, person, usual, asyncio.Semaphore(0)) <= MAX_A_DAY


@pytest.mark.services
async def test_s28_the_control_that_counts_without_the_lock_gives_more(postgres_shop: Shop):
    """All count before the first is written; then each is written after the one before it was made."""
    person, counted, turn = await postgres_shop.register(CANARY), asyncio.Barrier(AT_ONCE), asyncio.Semaphore(1)

    class Unlocked(PostgresExports):
        async def asked_since(self, account_id: UUID, moment: datetime) -> list[datetime]:
            found = [each.asked_at for each in await self.of_account(account_id) if each.asked_at > moment]
            await counted.wait()
            await turn.acquire()
            return found

    class CarelessUow(PostgresPrivacyUow):
        def open(self, tx: PostgresTx) -> None:
            super().open(tx)
            self.exports = Unlocked(tx)

    infra = postgres_shop.app.infra
    found = await many(postgres_shop, person, lambda: CarelessUow(infra.database(), infra.outbox()), turn)
    assert found > MAX_A_DAY
