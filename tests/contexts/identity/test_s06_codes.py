"""S05, S06: a code opens one thing, once, for one account, for a while; and asking for one tells nobody anything."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
from dependency_injector import providers

from merx.contexts.identity.adapters.memory import CODES
from merx.contexts.identity.adapters.passwords import Argon2Passwords
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.domain.errors import InvalidCode
from merx.contexts.identity.domain.one_time_code import LIVES, MAX_OPEN, CodePurpose
from merx.contexts.identity.events import (
    CodeAsked,
)
from merx.contexts.identity.usecases.ask_for_code import AskForCode
from merx.infra.one_time_codes import PREFIX
from merx.kernel.errors import RateLimited, Unavailable
from tests.contexts.identity.conftest import HERE, PASSWORD
from tests.contexts.identity.journeys import (
    CHANGE,
    NEW_PASSWORD,
    RESET,
    VERIFY,
    ask,
    asked,
    code,
    login,
    register,
    reset,
    verify,
)


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
