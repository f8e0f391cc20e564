"""What is good once is good once, also for several at a time: one statement decides."""

import asyncio
from typing import Any
from uuid import UUID

import msgspec
import pytest

from merx.contexts.identity.adapters.postgres_identities import PostgresProviderSignIns
from merx.contexts.identity.adapters.postgres_passkeys import PostgresPasskeys, PostgresSpentChallenges
from merx.contexts.identity.domain.account import AccountKind
from merx.contexts.identity.domain.provider_sign_in import ProviderFlow, ProviderSignIn, Purpose
from merx.contexts.identity.ports.providers import ProvedIdentity, ProviderRules
from merx.contexts.identity.usecases.identity_owner import add_identity
from merx.infra.postgres import compiled
from merx.kernel.ids import new_id
from tests.contexts.identity.conftest import HERE, Shop
from tests.contexts.identity.racing import (
    EMAIL,
    THINKING,
    a_passkey,
    careless,
    good,
)
from tests.support.at_once import at_once, connected

pytestmark = pytest.mark.services


@pytest.fixture
def shop(postgres_shop: Shop) -> Shop:
    return postgres_shop


class LooksFirst(PostgresSpentChallenges):
    async def spend(self, id: UUID, expires_at: Any) -> bool:
        known = await self._tx.fetchval(compiled("select 1 from identity.spent_challenge where id = :id"), id=id)
        await asyncio.sleep(THINKING)
        await super().spend(id, expires_at)
        return known is None


class CountsFirst(PostgresPasskeys):
    async def use(self, id: UUID, sign_count: int, now: Any) -> bool:
        known = await self._tx.fetchval(compiled("select sign_count from identity.passkey where id = :id"), id=id)
        await asyncio.sleep(THINKING)
        await super().use(id, sign_count, now)
        return bool(known < sign_count)


class TestOneStatementDecides:
    """Without any lock before it."""

    async def spent(self, shop: Shop) -> int:
        challenge, until = new_id(), shop.clock.now()

        async def spend() -> bool:
            async with shop.container.uow() as uow:
                first = await uow.challenges.spend(challenge, until)
                await uow.commit()
                return bool(first)

        await connected(shop.container.uow, 6)
        return sum(await at_once(*(spend() for _ in range(6))))

    async def test_s06_a_challenge_of_a_passkey_is_spent_once(self, shop):
        assert await self.spent(shop) == 1

    async def test_negative_control_s06_looking_first_spends_it_more_often(self, shop):
        careless(shop, challenges=LooksFirst)
        assert await self.spent(shop) > 1

    async def used(self, shop: Shop) -> int:
        passkey = a_passkey(shop, await shop.customer(EMAIL))
        async with shop.container.uow() as uow:
            await uow.passkeys.add(passkey)
            await uow.commit()

        async def use() -> bool:
            async with shop.container.uow() as uow:
                first = await uow.passkeys.use(passkey.id, 7, shop.clock.now())
                await uow.commit()
                return bool(first)

        await connected(shop.container.uow, 6)
        return sum(await at_once(*(use() for _ in range(6))))

    async def test_a_count_of_a_passkey_is_good_once(self, shop):
        assert await self.used(shop) == 1

    async def test_negative_control_counting_first_it_is_good_more_often(self, shop):
        careless(shop, passkeys=CountsFirst)
        assert await self.used(shop) > 1

    async def collected(self, shop: Shop) -> int:
        """How many get in with one sign-in through a provider."""
        account_id, now = await shop.customer(EMAIL), shop.clock.now()
        sign_in = ProviderSignIn.claim(ProviderFlow.begin("p", now), "browser")
        sign_in.issuer, sign_in.subject = "https://p.example", "s"
        sign_in.prove(account_id, 0, now)
        rules = ProviderRules("p", "P", AccountKind.customer, trusts_email=False)
        async with shop.container.uow() as uow:
            account = await uow.accounts.get(account_id)
            proved = ProvedIdentity("https://p.example", "s", None, False, None, multi_factor=False)
            await add_identity(uow, account, rules, proved, HERE.speaking_for(account), now)
            await uow.provider_sign_ins.claim(sign_in)
            await uow.commit()

        async def collect() -> None:
            async with shop.container.uow() as uow:
                held = await uow.provider_sign_ins.locked(sign_in.id)
                assert held is not None
                held.collect(Purpose.sign_in, "browser", now)
                await uow.provider_sign_ins.save(held)
                await uow.commit()

        await connected(shop.container.uow, 4)
        return good(await at_once(*(collect() for _ in range(4))))

    async def test_s06_a_sign_in_is_collected_once(self, shop):
        assert await self.collected(shop) == 1

    async def test_negative_control_s06_without_the_lock_more_often(self, shop):
        class Unheld(PostgresProviderSignIns):
            async def locked(self, id: UUID) -> ProviderSignIn | None:
                row = await self._tx.fetchrow(compiled("select * from identity.provider_sign_in where id = :id"), id=id)
                await asyncio.sleep(THINKING)
                return None if row is None else msgspec.convert(dict(row), ProviderSignIn)

        careless(shop, provider_sign_ins=Unheld)
        assert await self.collected(shop) > 1
