"""What two who come in one moment can do to an account; beside each race stands the careless variant that fails.

Elsewhere: refreshing (test_contract), codes of mails (test_codes), codes of an app (test_factors_contract), the last
owner and invitations (test_staff), states of providers (test_oidc_contract).
"""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from merx.contexts.identity.adapters.postgres import PostgresAccounts, PostgresSessions
from merx.contexts.identity.adapters.postgres_codes import PostgresCodes
from merx.contexts.identity.adapters.postgres_factors import PostgresSecondFactors
from merx.contexts.identity.domain.account import Account, AccountKind
from merx.contexts.identity.domain.errors import LastFactor
from merx.contexts.identity.domain.linked_identity import MAX_LINKED
from merx.contexts.identity.domain.one_time_code import MAX_OPEN
from merx.contexts.identity.domain.recovery_codes import recovery_digest
from merx.contexts.identity.domain.session import Session
from merx.contexts.identity.events import CodeAsked
from merx.contexts.identity.ports.providers import ProvedIdentity, ProviderRules
from merx.contexts.identity.usecases.answer_challenge import AnswerChallenge
from merx.contexts.identity.usecases.change_password import ChangePassword
from merx.contexts.identity.usecases.identity_owner import add_identity
from merx.contexts.identity.usecases.issue_code import IssueCodeHandler
from merx.contexts.identity.usecases.login import Login
from merx.contexts.identity.usecases.tokens import Tokens
from merx.infra.postgres import Database, compiled
from merx.infra.settings import Settings
from tests.contexts.identity.conftest import HERE, PASSWORD, Shop
from tests.contexts.identity.racing import (
    CODES,
    EMAIL,
    THINKING,
    SlowFactors,
    SlowIdentities,
    Unlocked,
    a_passkey,
    again,
    careless,
    confirmed,
    count,
)
from tests.support.at_once import Meeting, at_once, connected

pytestmark = pytest.mark.services


@pytest.fixture
def shop(postgres_shop: Shop) -> Shop:
    return postgres_shop


class TestTheLockOfTheAccount:
    """What is counted or looked at first, and then done."""

    async def codes_asked(self, shop: Shop) -> int:
        await shop.customer(EMAIL)
        handler = IssueCodeHandler(shop.container.queries(), shop.clock)
        event = CodeAsked(at=shop.clock.now(), purpose="reset-password", email=EMAIL)

        async def issue() -> None:
            async with shop.container.uow() as uow:
                await handler(event, uow)
                await uow.commit()

        await connected(shop.container.uow, MAX_OPEN + 3)
        await at_once(*(issue() for _ in range(MAX_OPEN + 3)))
        return await count(shop, "one_time_code")

    async def test_s06_no_more_codes_than_a_mailbox_gets(self, shop):
        assert await self.codes_asked(shop) == MAX_OPEN

    async def test_negative_control_s06_without_the_lock_there_are_more(self, shop):
        careless(shop, accounts=Unlocked)
        assert await self.codes_asked(shop) > MAX_OPEN

    async def links(self, shop: Shop) -> int:
        account_id = await shop.customer(EMAIL)
        rules = ProviderRules("p", "P", AccountKind.customer, trusts_email=False)

        async def link(number: int) -> None:
            proved = ProvedIdentity("https://p.example", f"s-{number}", None, False, None, multi_factor=False)
            async with shop.container.uow() as uow:
                account = await uow.accounts.locked(account_id)
                await add_identity(uow, account, rules, proved, HERE.speaking_for(account), shop.clock.now())
                await uow.commit()

        for number in range(MAX_LINKED - 1):
            await link(number)
        await connected(shop.container.uow, 4)
        await at_once(*(link(100 + number) for number in range(4)))
        return await count(shop, "linked_identity")

    async def test_no_more_identities_than_an_account_has(self, shop):
        careless(shop, linked_identities=SlowIdentities)
        assert await self.links(shop) == MAX_LINKED

    async def test_negative_control_without_the_lock_it_has_more(self, shop):
        careless(shop, accounts=Unlocked, linked_identities=SlowIdentities)
        assert await self.links(shop) > MAX_LINKED

    async def factors_removed(self, shop: Shop) -> list[str]:
        account_id = await shop.staff(EMAIL)
        passkey = a_passkey(shop, account_id)
        async with shop.container.uow() as uow:
            await uow.factors.put_totp(confirmed(shop, account_id))
            await uow.passkeys.add(passkey)
            await uow.commit()
        factors = shop.container.second_factors
        await connected(shop.container.uow, 2)
        found = await at_once(
            factors.look_after_totp().remove(account_id, HERE),
            factors.look_after_passkeys().remove(account_id, passkey.id, HERE),
        )
        return [type(each).__name__ for each in found if each is not None]

    @pytest.fixture
    async def strict(self, database_url: str):
        database = Database(Settings(database_url=database_url))
        yield Shop("postgres", database, Settings(database_url=database_url, staff_mfa="required"))
        await database.close()

    async def test_s35_of_two_last_factors_of_staff_one_stays(self, strict):
        careless(strict, factors=SlowFactors)
        assert await self.factors_removed(strict) == [LastFactor.__name__]

    async def test_negative_control_s35_without_the_lock_both_are_gone(self, strict):
        careless(strict, accounts=Unlocked, factors=SlowFactors)
        assert await self.factors_removed(strict) == []

    async def left_behind(self, shop: Shop, changed: asyncio.Event, meeting: Meeting) -> int:
        """Sessions that a password opened which is changed in the same moment."""
        account_id = await shop.customer(EMAIL)
        command = ChangePassword(present_password=PASSWORD, new_password="another good one")
        attempts = [shop.container.login()(Login(email=EMAIL, password=PASSWORD), HERE) for _ in range(6)]

        async def change() -> None:
            try:
                await shop.container.change_password()(account_id, None, command, HERE)
            finally:
                changed.set()

        await connected(shop.container.uow, 7)
        meeting.of(7)
        await at_once(change(), *attempts)
        return await count(shop, "session", "ended_at is null")

    async def test_s02_a_password_that_is_changed_leaves_no_session_behind(self, shop):
        for _ in range(3):
            assert await self.left_behind(shop, asyncio.Event(), Meeting()) == 0
            await again(shop)

    async def test_negative_control_s02_without_the_lock_a_session_stays(self, shop):
        """All have read the account before its password is changed, and sign in when it is."""
        changed, meeting = asyncio.Event(), Meeting()

        class Accounts(PostgresAccounts):
            async def locked(self, id: UUID) -> Account:
                found = await self.get(id)
                await meeting.wait()
                return found

        class Sessions(PostgresSessions):
            async def add(self, session: Session) -> None:
                await changed.wait()
                await super().add(session)

        careless(shop, accounts=Accounts, sessions=Sessions)
        assert await self.left_behind(shop, changed, meeting) == 6


class TestChallenges:
    async def answered(self, shop: Shop, codes: tuple[str, ...], challenges: int) -> int:
        """How many are signed in by these recovery codes, shown at once with so many challenges."""
        account_id = await shop.customer(EMAIL)
        async with shop.container.uow() as uow:
            await uow.factors.put_totp(confirmed(shop, account_id))
            await uow.factors.put_recovery_codes(account_id, [recovery_digest(account_id, each) for each in CODES])
            await uow.commit()
        asked = [await shop.container.login()(Login(email=EMAIL, password=PASSWORD), HERE) for _ in range(challenges)]
        answer = shop.container.second_factors.answer_challenge()
        attempts = [
            answer(AnswerChallenge(mfa_token=asked[place % challenges].mfa_token, recovery_code=each), HERE)
            for place, each in enumerate(codes)
        ]
        await connected(shop.container.uow, len(codes))
        return sum(isinstance(each, Tokens) for each in await at_once(*attempts))

    async def test_s06_a_challenge_is_answered_once(self, shop):
        assert await self.answered(shop, CODES, 1) == 1

    async def test_negative_control_s06_a_challenge_that_is_not_taken_is_answered_again(self, shop):
        class NaiveCodes(PostgresCodes):
            async def take(self, id: UUID, now: Any) -> bool:
                await asyncio.sleep(THINKING)
                return True

        careless(shop, accounts=Unlocked, codes=NaiveCodes)
        assert await self.answered(shop, CODES, 1) > 1

    async def test_s06_a_recovery_code_is_good_once(self, shop):
        assert await self.answered(shop, CODES[:1] * 4, 4) == 1

    async def test_negative_control_s06_read_then_write_opens_more_often(self, shop):
        class NaiveFactors(PostgresSecondFactors):
            async def use_recovery_code(self, account_id: UUID, digest: bytes, now: Any) -> bool:
                used = await self._tx.fetchval(
                    compiled("select used_at from identity.recovery_code where digest = :digest"), digest=digest
                )
                await asyncio.sleep(THINKING)
                await super().use_recovery_code(account_id, digest, now)
                return used is None

        careless(shop, accounts=Unlocked, factors=NaiveFactors)
        assert await self.answered(shop, CODES[:1] * 4, 4) > 1
