"""One-time codes: proving an e-mail and choosing a new password, and everything that must not work."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
from dependency_injector import providers

from merx.contexts.identity.adapters.memory import CODES
from merx.contexts.identity.adapters.passwords import Argon2Passwords
from merx.contexts.identity.adapters.postgres import PostgresIdentityUow
from merx.contexts.identity.adapters.postgres_codes import PostgresCodes
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.domain.errors import InvalidCode, InvalidCredentials, InvalidRefreshToken
from merx.contexts.identity.domain.one_time_code import LIVES, MAX_OPEN, CodePurpose, OneTimeCode
from merx.contexts.identity.events import (
    CodeAsked,
    EmailVerificationRequested,
    EmailVerified,
    PasswordChanged,
    PasswordResetRequested,
)
from merx.contexts.identity.usecases.ask_for_code import AskForCode
from merx.infra.one_time_codes import PREFIX, OneTimeCodes
from merx.infra.postgres import compiled
from merx.infra.tokens import GuestTokens
from merx.kernel.errors import RateLimited, Unavailable
from merx.kernel.ids import new_id
from tests.contexts.identity.conftest import HERE, PASSWORD
from tests.contexts.identity.journeys import (
    CHANGE,
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


class TestS06:
    """Single use, short, for this account as it is and for this purpose, and unreadable where it is stored."""

    async def refused(self, shop, text, attempt=reset):
        with pytest.raises(InvalidCode) as error:
            await attempt(shop, text)
        assert error.value.detail == InvalidCode.title

    async def test_s06_replay(self, shop):
        await shop.customer("new@example.com")
        text = await asked(shop, RESET)
        await reset(shop, text)
        await self.refused(shop, text)
        assert await login(shop, password=NEW_PASSWORD)

    async def test_s06_cross_purpose(self, shop):
        verifying = await register(shop)
        resetting = await asked(shop, RESET)
        await self.refused(shop, code(shop, VERIFY, verifying))
        await self.refused(shop, resetting, verify)
        # Also when the text is right and the row is not, which only the shop itself could make.
        await self.refused(shop, code(shop, RESET, verifying))
        await self.refused(shop, code(shop, CHANGE, verifying), verify)

    async def test_s06_cross_user(self, shop):
        await shop.customer("new@example.com")
        await shop.customer("eve@example.com")
        mine, hers = await asked(shop, RESET), await asked(shop, RESET, "eve@example.com")
        place = len(PREFIX) + 22
        await self.refused(shop, mine[:place] + hers[place:])
        await reset(shop, hers)
        assert await login(shop), "her code did nothing to my account"

    async def test_s06_after_a_password_change(self, shop):
        await shop.customer("new@example.com")
        older, newer = await asked(shop, RESET), await asked(shop, RESET)
        await reset(shop, newer)
        await self.refused(shop, older)

    async def test_s06_after_a_password_change_a_verification_is_void_too(self, shop):
        first = code(shop, VERIFY, await register(shop))
        await reset(shop, await asked(shop, RESET))
        await self.refused(shop, first, verify)

    @pytest.mark.parametrize(("purpose", "attempt"), [(RESET, reset), (VERIFY, verify)])
    async def test_s06_after_its_time(self, shop, purpose, attempt):
        await register(shop)
        text = await asked(shop, purpose)
        shop.clock.advance(LIVES[CodePurpose(purpose)])
        await self.refused(shop, text, attempt)

    async def test_s06_lives_are_short(self):
        assert LIVES[CodePurpose.reset_password] <= timedelta(hours=1)
        assert LIVES[CodePurpose.change_email] <= timedelta(hours=1)
        assert LIVES[CodePurpose.verify_email] <= timedelta(days=1)

    async def test_s06_of_a_closed_account(self, shop):
        account_id = await shop.customer("new@example.com")
        text = await asked(shop, RESET)
        await shop.close_account(account_id)
        await self.refused(shop, text)
        assert await ask(shop, RESET) == []

    async def test_s06_a_code_that_is_not_ours_costs_no_hash(self, shop):
        class NoHash:
            async def hash(self, _):
                raise AssertionError("hashed for nothing")

        shop.container.passwords.override(providers.Object(NoHash()))
        shop.container.reset_password.reset()
        await self.refused(shop, PREFIX + "A" * 65)

    async def test_s06_no_code_is_stored_or_sent_to_the_outbox(self, memory_shop):
        verifying = code(memory_shop, VERIFY, await register(memory_shop))
        resetting = await asked(memory_shop, RESET)
        rows = msgspec.json.encode(
            [msgspec.to_builtins(row) for row in memory_shop.infra.store().table(CODES).values()]
        )
        events = msgspec.json.encode(memory_shop.events)
        for text in (verifying, resetting):
            assert text[-43:].encode() not in rows + events
        assert repr(next(iter(memory_shop.infra.store().table(CODES).values()))).startswith("OneTimeCode(")

    async def test_s06_a_change_of_parameters_voids_nothing(self, shop):
        """A rehash at sign-in is no new password."""
        await shop.customer("new@example.com")
        text = await asked(shop, RESET)
        async with shop.container.uow() as uow:
            held = await uow.accounts.by_email("new@example.com")
            held.password_hash = await shop.passwords.hash(PASSWORD)
            await uow.accounts.save(held)
            await uow.commit()
        await reset(shop, text)


class TestS05:
    @pytest.mark.parametrize("purpose", [RESET, VERIFY])
    async def test_s05_the_request_does_the_same_for_everybody(self, shop, purpose):
        """It looks nothing up: what differs happens after the answer."""
        await shop.customer("known@example.com")
        shop.events.clear()
        shop.container.queries.override(providers.Object(None))
        for name in ("known@example.com", "nobody@example.com"):
            answer = await ask_only(shop, purpose, name)
            assert answer is None
        known, unknown = shop.events
        assert (type(known), type(unknown)) == (CodeAsked, CodeAsked)
        assert (known.purpose, unknown.purpose, unknown.email) == (purpose, purpose, "nobody@example.com")

    async def test_s05_the_throttle_treats_them_alike(self, shop):
        await shop.customer("known@example.com")
        passed = []
        for number, name in enumerate(("known@example.com", "nobody@example.com")):
            here = Caller(f"198.51.100.{number}", "")
            attempts = [ask_only(shop, RESET, name, here) for _ in range(30)]
            answers = await asyncio.gather(*attempts, return_exceptions=True)
            assert {type(answer) for answer in answers} == {type(None), RateLimited}
            passed.append(answers.count(None))
        assert passed[0] == passed[1] < 20

    async def test_s05_an_unknown_email_costs_a_hash_as_a_known_one_does(self, shop):
        """Where nothing can be hashed nobody gets an answer, whoever has the e-mail."""
        await shop.customer("known@example.com")
        shop.container.passwords.override(providers.Object(Argon2Passwords(max_waiting=0)))
        for name in ("known@example.com", "nobody@example.com"):
            with pytest.raises(Unavailable):
                await register(shop, name)
            with pytest.raises(Unavailable):
                await login(shop, name)

    async def test_s05_one_mailbox_is_not_flooded(self, shop):
        await shop.customer("new@example.com")
        sent = 0
        for number in range(MAX_OPEN + 3):
            sent += len(await ask(shop, RESET, caller=Caller(f"203.0.113.{number}", "")))
        assert sent == MAX_OPEN
        shop.clock.advance(LIVES[CodePurpose.reset_password])
        assert len(await ask(shop, RESET, caller=Caller("203.0.113.99", ""))) == 1


def ask_only(shop, purpose, email, caller=HERE):
    return shop.container.ask_for_code()(purpose, AskForCode(email=email), caller)


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
