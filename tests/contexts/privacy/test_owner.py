"""Who may ask to be forgotten: the owner, by the password or, where that is too little or missing, by a fresh proof."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pyotp
import pytest

from merx.infra.settings import Settings
from tests.contexts.privacy.conftest import CANARY, PASSWORD, Person, Shop
from tests.support.authenticator import Device

LONG = timedelta(seconds=Settings().step_up_seconds)
ASKED, NEEDED, WRONG = (202, ""), (401, "auth.step-up-needed"), (422, "identity.wrong-password")


@pytest.fixture
async def person(memory_shop: Shop) -> Person:
    return await memory_shop.register(CANARY)


async def asks(shop: Shop, person: Person, **body: Any) -> tuple[int, str]:
    answer = await shop.send("POST", "/users/me/erase", body, person.headers)
    return answer.status, answer.slug


async def later(shop: Shop, person: Person) -> None:
    """The same device, when its proof is old: a refresh proves nothing."""
    shop.clock.advance(LONG)
    tokens = await shop.call("POST", "/auth/refresh", {"refresh_token": person.refresh_token}, {})
    person.headers = {"authorization": f"Bearer {tokens['access_token']}"}
    person.refresh_token = tokens["refresh_token"]


async def steps_up(shop: Shop, person: Person, **proof: Any) -> None:
    fresh = await shop.call("POST", "/auth/step-up", proof, person.headers)
    person.headers = {"authorization": f"Bearer {fresh['access_token']}"}


async def forgets_the_password(shop: Shop, person: Person) -> None:
    """As after a first sign-in through a provider: the account has none."""
    async with shop.app.contexts.identity.uow() as uow:
        account = await uow.accounts.get(UUID(person.account_id))
        account.password_hash = None
        await uow.accounts.save(account)
        await uow.commit()


async def gets_a_passkey(shop: Shop, person: Person) -> Device:
    device = Device()
    options = await shop.call("POST", "/auth/passkeys/registration", None, person.headers)
    await shop.call("POST", "/auth/passkeys", {"name": "laptop", "credential": device.create(options)}, person.headers)
    return device


async def gets_an_app(shop: Shop, person: Person) -> list[str]:
    """The recovery codes."""
    secret = (await shop.call("POST", "/auth/mfa/totp", None, person.headers))["secret"]
    code = pyotp.TOTP(secret).at(shop.clock.now())
    made = await shop.call("POST", "/auth/mfa/totp/confirm", {"code": code}, person.headers)
    codes: list[str] = made["recovery_codes"]
    return codes


async def test_the_password_is_enough_without_a_second_factor(memory_shop: Shop, person: Person):
    await later(memory_shop, person)
    assert await asks(memory_shop, person, password="wrong password") == WRONG
    assert await asks(memory_shop, person) == NEEDED
    assert await asks(memory_shop, person, password=PASSWORD) == ASKED


async def test_s35_with_a_second_factor_the_password_alone_starts_nothing(memory_shop: Shop, person: Person):
    codes = await gets_an_app(memory_shop, person)
    await later(memory_shop, person)
    # And tells nothing: the right one and a wrong one are answered alike.
    for password in (PASSWORD, "wrong password"):
        assert await asks(memory_shop, person, password=password) == NEEDED
    assert await asks(memory_shop, person) == NEEDED
    await steps_up(memory_shop, person, recovery_code=codes[0])
    assert await asks(memory_shop, person, password="wrong password") == WRONG
    assert await asks(memory_shop, person) == ASKED
    assert await asks(memory_shop, person, password=PASSWORD) == ASKED


async def test_s35_an_account_without_a_password_asks_with_a_passkey(memory_shop: Shop, person: Person):
    device = await gets_a_passkey(memory_shop, person)
    await forgets_the_password(memory_shop, person)
    await later(memory_shop, person)
    assert await asks(memory_shop, person) == NEEDED
    assert await asks(memory_shop, person, password=PASSWORD) == NEEDED
    options = await memory_shop.call("POST", "/auth/step-up/options", None, person.headers)
    await steps_up(memory_shop, person, passkey=device.get(options))
    assert await asks(memory_shop, person) == ASKED
    await memory_shop.settle()
    code = memory_shop.code("Confirm that we shall forget you")
    await memory_shop.call("POST", "/users/me/erase/confirm", {"code": code}, person.headers)


async def test_s35_an_account_with_a_provider_alone_asks_soon_after_signing_in(memory_shop: Shop, person: Person):
    await forgets_the_password(memory_shop, person)
    assert await asks(memory_shop, person) == ASKED
    await later(memory_shop, person)
    assert await asks(memory_shop, person) == NEEDED
    assert await asks(memory_shop, person, password=PASSWORD) == (422, "identity.no-password")


async def test_s04_guesses_at_the_password_are_slowed_down_as_at_the_sign_in(memory_shop: Shop, person: Person):
    login = {"email": person.email, "password": "wrong password"}
    at_the_door = [(await memory_shop.send("POST", "/auth/login", login)).status for _ in range(12)]
    inside = [(await asks(memory_shop, person, password="wrong password"))[0] for _ in range(12)]
    assert (at_the_door[0], inside[0]) == (401, 422)
    assert at_the_door.count(429) == inside.count(429) > 0
    assert (await asks(memory_shop, person, password=PASSWORD))[0] == 429
    async with memory_shop.app.contexts.privacy.uow() as uow:
        assert await uow.erasures.open_of(UUID(person.account_id)) is None
