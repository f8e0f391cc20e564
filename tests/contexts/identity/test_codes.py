"""One-time codes: proving an e-mail and choosing a new password, and everything that must not work."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
from dependency_injector import providers

from merx.contexts.identity.adapters.postgres import PostgresIdentityUow
from merx.contexts.identity.adapters.postgres_codes import PostgresCodes
from merx.contexts.identity.domain.errors import InvalidCode, InvalidCredentials, InvalidRefreshToken
from merx.contexts.identity.domain.one_time_code import CodePurpose, OneTimeCode
from merx.contexts.identity.events import (
    EmailVerificationRequested,
    EmailVerified,
    PasswordChanged,
    PasswordResetRequested,
)
from merx.infra.guest_tokens import GuestTokens
from merx.infra.one_time_codes import PREFIX, OneTimeCodes
from merx.infra.postgres import compiled
from merx.kernel.ids import new_id
from tests.contexts.identity.journeys import (
    NEW_PASSWORD,
    RESET,
    VERIFY,
    account,
    ask,
    asked,
    code,
    login,
    refresh,
    register,
    reset,
    verify,
)


class TestText:
    def test_a_code_is_read_for_its_purpose_only(self):
        codes = OneTimeCodes(GuestTokens(b"k" * 32))
        code_id = new_id()
        text = codes.text(RESET, code_id)
        assert codes.read(RESET, f" {text}\n") == code_id
        assert codes.read(VERIFY, text) is None
        assert OneTimeCodes(GuestTokens(b"other" * 8)).read(RESET, text) is None

    def test_s06_no_other_text_is_a_code(self):
        codes = OneTimeCodes(GuestTokens(b"k" * 32))
        text, other = codes.text(RESET, new_id()), codes.text(RESET, new_id())
        changed = [
            text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :] for place in range(len(text))
        ]
        spliced = other[: len(PREFIX) + 22] + text[len(PREFIX) + 22 :]
        for wrong in (
            *changed,
            spliced,
            "",
            text[:-1],
            text + "A",
            "ä" * len(text),
            PREFIX + "!" * 65,
            "mx_rt_" + text,
        ):
            assert codes.read(RESET, wrong) is None, wrong


class TestVerifying:
    async def test_from_the_mail_of_the_registration(self, shop):
        code_id = await register(shop)
        assert (await account(shop)).email_verified_at is None
        shop.events.clear()
        await verify(shop, code(shop, VERIFY, code_id))
        assert (await account(shop)).email_verified_at == shop.clock.now()
        (event,) = shop.events
        assert isinstance(event, EmailVerified)
        assert event.email == "new@example.com"

    async def test_confirming_twice_is_refused(self, shop):
        first = code(shop, VERIFY, await register(shop))
        second = await asked(shop, VERIFY)
        await verify(shop, first)
        for text in (first, second):
            with pytest.raises(InvalidCode):
                await verify(shop, text)

    async def test_another_mail_on_demand(self, shop):
        await register(shop)
        (event,) = await ask(shop, VERIFY, " NEW@example.com ")
        assert isinstance(event, EmailVerificationRequested)
        assert (event.email, event.name) == ("new@example.com", "New")
        await verify(shop, code(shop, VERIFY, event.code_id))

    async def test_nothing_is_sent_where_nothing_is_to_be_proved(self, shop):
        assert await ask(shop, VERIFY, "nobody@example.com") == []
        await shop.customer("known@example.com")
        assert await ask(shop, VERIFY, "known@example.com") == []

    async def test_accounts_that_the_shop_made_are_proved(self, shop):
        await shop.customer("known@example.com")
        assert (await account(shop, "known@example.com")).email_verified_at == shop.clock.now()


class TestResetting:
    async def test_the_new_password_works_and_the_old_one_does_not(self, shop):
        await shop.customer("new@example.com")
        (event,) = await ask(shop, RESET)
        assert isinstance(event, PasswordResetRequested)
        await reset(shop, code(shop, RESET, event.code_id))
        assert await login(shop, password=NEW_PASSWORD)
        with pytest.raises(InvalidCredentials):
            await login(shop)

    async def test_s02_every_session_ends_and_the_owner_is_told(self, shop):
        await shop.customer("new@example.com")
        await shop.customer("eve@example.com")
        phone, laptop, eve = await login(shop), await login(shop), await login(shop, "eve@example.com")
        await reset(shop, await asked(shop, RESET))
        for tokens in (phone, laptop):
            with pytest.raises(InvalidRefreshToken):
                await refresh(shop, tokens)
        assert await refresh(shop, eve)
        assert [type(event) for event in shop.events[-1:]] == [PasswordChanged]

    async def test_the_mailbox_is_proved_with_it(self, shop):
        await register(shop)
        await reset(shop, await asked(shop, RESET))
        assert (await account(shop)).email_verified_at == shop.clock.now()
        assert [type(event) for event in shop.events[-2:]] == [PasswordChanged, EmailVerified]

    async def test_an_account_without_a_password_gets_one(self, shop):
        await shop.customer("new@example.com")
        async with shop.container.uow() as uow:
            held = await uow.accounts.by_email("new@example.com")
            held.password_hash = None
            await uow.accounts.save(held)
            await uow.commit()
        await reset(shop, await asked(shop, RESET))
        assert await login(shop, password=NEW_PASSWORD)


class TestRows:
    async def test_what_went_in_comes_out_and_is_taken_once(self, shop):
        await shop.customer("new@example.com")
        now = shop.clock.now()
        stored = OneTimeCode.issue(await account(shop), CodePurpose.change_email, now, "next@example.com")
        async with shop.container.uow() as uow:
            await uow.codes.add(stored)
            await uow.commit()
        async with shop.container.uow() as uow:
            found = await uow.codes.get(stored.id)
            assert msgspec.to_builtins(found) == msgspec.to_builtins(stored)
            assert await uow.codes.get(new_id()) is None
            assert await uow.codes.open(stored.account_id, stored.purpose, now) == 1
            assert await uow.codes.open(stored.account_id, CodePurpose.verify_email, now) == 0
            assert await uow.codes.open(stored.account_id, stored.purpose, stored.expires_at) == 0
            assert [await uow.codes.take(stored.id, now) for _ in range(2)] == [True, False]
            assert await uow.codes.open(stored.account_id, stored.purpose, now) == 0
            assert not await uow.codes.take(new_id(), now)
            await uow.commit()
        async with shop.container.uow() as uow:
            used = await uow.codes.get(stored.id)
            assert used.used_at == now
            with pytest.raises(InvalidCode):
                used.check(await uow.accounts.get(used.account_id), CodePurpose.change_email, now)

    async def test_old_ones_are_forgotten(self, shop):
        await shop.customer("new@example.com")
        text = await asked(shop, RESET)
        job = next(job for job in shop.container.schedule() if job.name == "identity.forget-codes")
        for days, left in ((0, 1), (2, 0)):
            shop.clock.advance(timedelta(days=days))
            async with job.uow() as uow:
                await job.handler(None, uow)
                code_id = OneTimeCodes(shop.infra.guest_tokens()).read(RESET, text)
                assert (await uow.codes.get(code_id) is not None) == bool(left)
                await uow.commit()


@pytest.mark.services
class TestRaces:
    async def resets(self, shop, uow=None):
        await shop.customer("new@example.com")
        text = await asked(shop, RESET)
        if uow is not None:
            shop.container.uow.override(providers.Factory(uow, shop.infra.database(), shop.outbox))
            shop.container.reset_password.reset()
        attempts = (reset(shop, text, f"passphrase number {number}") for number in range(6))
        answers = await asyncio.gather(*attempts, return_exceptions=True)
        return sum(answer is None for answer in answers)

    async def test_s06_used_six_times_at_once_it_works_once(self, postgres_shop):
        assert await self.resets(postgres_shop) == 1

    async def test_negative_control_without_the_condition_it_is_taken_again(self, postgres_shop):
        taken = []

        class NaiveCodes(PostgresCodes):
            async def take(self, id, now):
                taken.append(id)
                return True

        class NaiveUow(PostgresIdentityUow):
            def open(self, tx):
                super().open(tx)
                self.codes = NaiveCodes(tx)

        await shop_with(postgres_shop, NaiveUow, taken)
        assert len(taken) > 1


async def shop_with(shop, uow, taken):
    """The same code shown twice; the account's version is put back between, so that only the use of the code counts."""
    await shop.customer("new@example.com")
    text = await asked(shop, RESET)
    shop.container.uow.override(providers.Factory(uow, shop.infra.database(), shop.outbox))
    shop.container.reset_password.reset()
    for _ in range(2):
        await reset(shop, text)
        async with shop.container.uow() as open_uow:
            await open_uow.tx.execute(compiled("update identity.account set credentials_version = 0"))
            await open_uow.commit()
