"""Hashing takes its time, and no transaction is open: what happened meanwhile counts."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from dependency_injector import providers

from merx.contexts.identity.domain.account import AccountStatus
from merx.contexts.identity.domain.errors import InvalidCredentials, ProofTooWeak, WrongPassword
from merx.contexts.identity.domain.totp import Totp
from merx.contexts.identity.usecases.change_password import ChangePassword
from merx.contexts.identity.usecases.step_up import StepUp
from tests.contexts.identity.conftest import HERE, PASSWORD, Shop
from tests.contexts.identity.journeys import NEW_PASSWORD, RESET, asked, login, reset


class SlowPasswords:
    """While the first password is checked, something else happens."""

    def __init__(self, shop: Shop) -> None:
        self._passwords = shop.passwords
        self.meanwhile: list[Callable[[], Awaitable[Any]]] = []
        shop.container.passwords.override(providers.Object(self))

    async def hash(self, password: str) -> str:
        return await self._passwords.hash(password)

    async def verify(self, password: str, password_hash: str | None) -> bool:
        correct = await self._passwords.verify(password, password_hash)
        while self.meanwhile:
            await self.meanwhile.pop()()
        return correct

    def outdated(self, password_hash: str) -> bool:
        return self._passwords.outdated(password_hash)


async def open_sessions(shop: Shop, account_id: Any) -> int:
    return len(await shop.container.queries().sessions(account_id, shop.clock.now()))


async def test_s02_a_password_that_was_replaced_while_it_was_checked_opens_nothing(shop: Shop) -> None:
    account_id = await shop.customer("new@example.com")
    code, slow = await asked(shop, RESET), SlowPasswords(shop)
    slow.meanwhile.append(lambda: reset(shop, code))
    with pytest.raises(InvalidCredentials):
        await login(shop)
    assert await open_sessions(shop, account_id) == 0
    assert await login(shop, password=NEW_PASSWORD)
    assert await open_sessions(shop, account_id) == 1


async def test_s02_an_account_that_was_closed_while_its_password_was_checked_stays_closed(shop: Shop) -> None:
    account_id = await shop.customer("new@example.com")
    slow = SlowPasswords(shop)
    slow.meanwhile.append(lambda: shop.container.close_account()(account_id))
    with pytest.raises(InvalidCredentials):
        await login(shop)
    assert await open_sessions(shop, account_id) == 0
    async with shop.container.uow() as uow:
        assert (await uow.accounts.get(account_id)).status is AccountStatus.closed


async def test_of_two_changes_of_the_password_the_later_one_is_refused(shop: Shop) -> None:
    account_id = await shop.customer("new@example.com")
    code, slow = await asked(shop, RESET), SlowPasswords(shop)
    slow.meanwhile.append(lambda: reset(shop, code))
    with pytest.raises(WrongPassword):
        await shop.container.change_password()(
            account_id, None, ChangePassword(present_password=PASSWORD, new_password="of somebody else"), HERE
        )
    assert await login(shop, password=NEW_PASSWORD)


async def test_s35_a_password_is_no_proof_once_there_is_a_factor(shop: Shop) -> None:
    account_id = await shop.customer("new@example.com")
    slow = SlowPasswords(shop)
    caller = shop.access_tokens.verify((await login(shop)).access_token)
    now = shop.clock.now()

    async def a_factor_comes() -> None:
        async with shop.container.uow() as uow:
            totp = Totp(account_id=account_id, sealed_secret=b"sealed", created_at=now, confirmed_at=now)
            await uow.factors.put_totp(totp)
            await uow.commit()

    slow.meanwhile.append(a_factor_comes)
    with pytest.raises(ProofTooWeak):
        await shop.container.second_factors.step_up()(caller, account_id, StepUp(password=PASSWORD), HERE)
