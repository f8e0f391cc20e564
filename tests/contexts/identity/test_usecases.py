"""Registering, signing in and out, on memory and on PostgreSQL."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
from dependency_injector import providers

from merx.contexts.identity.adapters.passwords import Argon2Passwords
from merx.contexts.identity.domain.errors import (
    AccountNotFound,
    EmailTaken,
    InvalidCredentials,
    InvalidRefreshToken,
    WeakPassword,
)
from merx.contexts.identity.domain.session import GRACE, RefreshToken
from merx.contexts.identity.events import AccountRegistered, RefreshTokenReused, RegistrationRepeated, SignedIn
from merx.contexts.identity.usecases.issue_staff_token import MAX_NAMED
from merx.contexts.identity.usecases.login import Login
from merx.contexts.identity.usecases.logout import Logout
from merx.contexts.identity.usecases.refresh import Refresh
from merx.contexts.identity.usecases.register import Register
from merx.kernel.errors import Forbidden, RateLimited
from merx.kernel.ids import new_id
from merx.kernel.rights import InvalidGrant
from tests.contexts.identity.conftest import HERE, PASSWORD

pytestmark = pytest.mark.usefixtures("shop")
GRACE_OVER = GRACE + timedelta(seconds=1)


def register(shop, email="new@example.com", name="New"):
    return shop.container.register_customer()(Register(email=email, password=PASSWORD, name=name), HERE)


def login(shop, email="ada@example.com", password=PASSWORD, caller=HERE):
    return shop.container.login()(Login(email=email, password=password), caller)


def refresh(shop, token):
    return shop.container.refresh_tokens()(Refresh(refresh_token=token))


class TestRegister:
    async def test_a_visitor_becomes_a_customer_who_can_sign_in(self, shop):
        await register(shop)
        (event,) = shop.events
        assert isinstance(event, AccountRegistered)
        tokens = await login(shop, "NEW@example.com")
        actor = shop.access_tokens.verify(tokens.access_token)
        assert (actor.account_id, actor.kind.value, actor.permissions) == (event.account_id, "customer", frozenset())

    async def test_a_known_email_gets_the_same_answer_and_its_owner_is_told(self, shop):
        account_id = await shop.customer()
        shop.events.clear()
        assert await register(shop, " ADA@example.com", "Mallory") is None
        (event,) = shop.events
        assert isinstance(event, RegistrationRepeated)
        assert (event.account_id, event.name) == (account_id, "Ada")
        assert await login(shop)

    async def test_one_of_two_at_once_opens_the_account(self, shop):
        await asyncio.gather(register(shop, "twin@example.com"), register(shop, "Twin@example.com"))
        assert sorted(type(event).__name__ for event in shop.events if event.account_id) in (
            ["AccountRegistered", "RegistrationRepeated"],
        )

    async def test_one_address_cannot_register_without_end(self, shop):
        for number in range(40):
            await register(shop, f"n{number}@example.com")
        with pytest.raises(RateLimited):
            await register(shop, "one.more@example.com")


class TestLogin:
    @pytest.mark.parametrize(
        ("email", "password"), [("ada@example.com", "wrong password"), ("nobody@example.com", PASSWORD)]
    )
    async def test_a_wrong_password_and_an_unknown_email_look_the_same(self, shop, email, password):
        await shop.customer()
        with pytest.raises(InvalidCredentials) as refused:
            await login(shop, email, password)
        assert refused.value.detail == InvalidCredentials.title

    async def test_a_closed_account_looks_the_same_too(self, shop):
        await shop.close_account(await shop.customer())
        with pytest.raises(InvalidCredentials):
            await login(shop)

    async def test_staff_tokens_speak_with_what_the_account_holds(self, shop):
        await shop.staff(permissions=("orders:write", "catalog:write"))
        tokens = await login(shop, "staff@example.com")
        actor = shop.access_tokens.verify(tokens.access_token)
        assert actor.is_staff
        assert not actor.holds("orders:write"), "a token that nobody looked up allows nothing"
        assert (await shop.speaker(tokens.access_token)).permissions == {"orders:write", "catalog:write"}
        assert tokens.expires_in == 300

    async def test_signing_in_is_an_event(self, shop):
        account_id = await shop.customer()
        await login(shop)
        assert [event.account_id for event in shop.events if isinstance(event, SignedIn)] == [account_id]

    async def test_a_password_may_be_composed_differently(self, shop):
        await shop.customer(password="café-crème-brûlée")
        assert await login(shop, password="cafe\u0301-cre\u0300me-bru\u0302le\u0301e")

    async def test_guessing_slows_down_and_waiting_helps(self, shop):
        await shop.customer()
        for _ in range(6):
            with pytest.raises(InvalidCredentials):
                await login(shop, password="wrong password")
        with pytest.raises(RateLimited) as refused:
            await login(shop)
        assert refused.value.retry_after == 1
        shop.clock.advance(timedelta(seconds=2))
        assert await login(shop)

    async def test_s03_a_hash_of_other_parameters_is_replaced(self, shop):
        await shop.customer()
        stronger = Argon2Passwords(memory_kib=128, time_cost=1)
        shop.container.passwords.override(providers.Object(stronger))
        shop.container.login.reset()
        before = (await shop.container.queries().credentials("ada@example.com")).password_hash
        await login(shop)
        after = (await shop.container.queries().credentials("ada@example.com")).password_hash
        assert stronger.outdated(before)
        assert not stronger.outdated(after)
        assert await login(shop)


class TestRefresh:
    async def test_a_refresh_token_works_once(self, shop):
        account_id = await shop.customer()
        first = await login(shop)
        second = await refresh(shop, first.refresh_token)
        assert shop.access_tokens.verify(second.access_token).account_id == account_id
        shop.clock.advance(GRACE_OVER)
        third = await refresh(shop, second.refresh_token)
        assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3

    async def test_a_lost_answer_is_given_again(self, shop):
        await shop.customer()
        first = await login(shop)
        second = await refresh(shop, first.refresh_token)
        shop.clock.advance(GRACE)
        assert (await refresh(shop, first.refresh_token)).refresh_token == second.refresh_token

    async def test_a_copied_token_ends_the_session_and_the_owner_is_told(self, shop):
        account_id = await shop.customer()
        first = await login(shop)
        other_device = await login(shop)
        second = await refresh(shop, first.refresh_token)
        shop.clock.advance(GRACE_OVER)
        for token in (first, second):
            with pytest.raises(InvalidRefreshToken):
                await refresh(shop, token.refresh_token)
        (told,) = [event for event in shop.events if isinstance(event, RefreshTokenReused)]
        assert (told.account_id, told.email) == (account_id, "Ada@Example.com")
        assert await refresh(shop, other_device.refresh_token)

    async def test_s02_used_twice_at_once_both_get_the_same_successor(self, shop):
        await shop.customer()
        first = await login(shop)
        answers = await asyncio.gather(*(refresh(shop, first.refresh_token) for _ in range(8)))
        assert len({answer.refresh_token for answer in answers}) == 1

    async def test_a_closed_account_gets_nothing(self, shop):
        account_id = await shop.customer()
        tokens = await login(shop)
        await shop.close_account(account_id)
        with pytest.raises(InvalidRefreshToken):
            await refresh(shop, tokens.refresh_token)

    async def test_permissions_are_read_anew(self, shop):
        await shop.staff(permissions=("*",))
        tokens = await login(shop, "staff@example.com")
        await shop.staff(permissions=("orders:read",))
        fresh = await refresh(shop, tokens.refresh_token)
        assert (await shop.speaker(fresh.access_token)).permissions == {"orders:read"}


class TestLogout:
    async def test_the_session_is_over(self, shop):
        await shop.customer()
        tokens = await login(shop)
        await shop.container.logout()(Logout(refresh_token=tokens.refresh_token))
        with pytest.raises(InvalidRefreshToken):
            await refresh(shop, tokens.refresh_token)

    async def test_an_older_token_of_the_session_does_as_well(self, shop):
        await shop.customer()
        first = await login(shop)
        second = await refresh(shop, first.refresh_token)
        await shop.container.logout()(Logout(refresh_token=first.refresh_token))
        with pytest.raises(InvalidRefreshToken):
            await refresh(shop, second.refresh_token)

    async def test_who_knows_the_id_of_a_session_alone_ends_nothing(self, shop):
        await shop.customer()
        tokens = await login(shop)
        made_up = msgspec.structs.replace(RefreshToken.parse(tokens.refresh_token), secret=bytes(32))
        await shop.container.logout()(Logout(refresh_token=made_up.text()))
        assert await refresh(shop, tokens.refresh_token)

    @pytest.mark.parametrize("token", ["x", "mx_rt_" + "A" * 70])
    async def test_any_other_token_is_no_error(self, shop, token):
        await shop.container.logout()(Logout(refresh_token=token))


class TestEnsureAccount:
    async def test_twice_is_once(self, shop):
        first = await shop.staff(permissions=("a:read",))
        assert await shop.staff(permissions=("*",)) == first
        assert (await shop.container.queries().profile(first)).permissions == ("*",)
        assert len(shop.events) == 1

    async def test_a_password_chosen_since_is_kept(self, shop):
        await shop.customer(password="the owner's choice")
        await shop.customer(password="the seed's choice")
        assert await login(shop, password="the owner's choice")

    async def test_the_kind_never_changes(self, shop):
        await shop.customer("both@example.com")
        with pytest.raises(EmailTaken):
            await shop.staff("both@example.com")

    async def test_a_weak_password_is_refused(self, shop):
        with pytest.raises(WeakPassword):
            await shop.customer(password="short")


class TestIssueStaffToken:
    async def test_for_the_oldest_staff_account(self, shop):
        account_id = await shop.staff()
        await shop.staff("second@example.com")
        token, profile = await shop.container.issue_staff_token()(None, (), 3600)
        shop.clock.advance(timedelta(minutes=59))
        assert profile.id == account_id
        assert (await shop.speaker(token)).permissions == {"orders:write"}

    async def test_for_a_customer_or_nobody_there_is_none(self, shop):
        with pytest.raises(AccountNotFound):
            await shop.container.issue_staff_token()(None, (), 60)
        await shop.customer()
        with pytest.raises(AccountNotFound):
            await shop.container.issue_staff_token()("ada@example.com", (), 60)

    async def test_it_holds_no_more_than_the_account(self, shop):
        await shop.staff(permissions=("orders:read", "orders:write"))
        token, _ = await shop.container.issue_staff_token()("staff@example.com", ("orders:read",), 60)
        assert (await shop.speaker(token)).permissions == {"orders:read"}
        with pytest.raises(InvalidGrant):
            await shop.container.issue_staff_token()("staff@example.com", ("orders:read<=INR:1",), 60)
        with pytest.raises(Forbidden):
            await shop.container.issue_staff_token()("staff@example.com", ("catalog:write",), 60)

    async def test_the_largest_token_is_one_that_is_taken(self, shop):
        longest = tuple(f"{chr(97 + n % 26)}{chr(97 + n // 26)}{'x' * 30}:{'y' * 31}" for n in range(MAX_NAMED))
        assert {len(name) for name in longest} == {64}
        await shop.staff(permissions=("*",))
        token, _ = await shop.container.issue_staff_token()(None, longest, 60)
        assert len(token) < 4096 - 100, "there is room for another claim or two"
        assert (await shop.speaker(token)).permissions == set(longest)
        with pytest.raises(InvalidGrant, match="40 permissions"):
            await shop.container.issue_staff_token()(None, (*longest, "orders:read"), 60)


async def test_other_contexts_may_ask_for_an_account(shop):
    account_id = await shop.customer()
    found = await shop.container.api().account(account_id)
    assert (found.account_id, found.email, found.name) == (account_id, "Ada@Example.com", "Ada")
    assert await shop.container.api().account(new_id()) is None
