"""Signing in over the whole shop: what ends a session ends it for good, passwords are taken whole, codes are bound."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from merx.contexts.identity.domain.account import MAX_PASSWORD, AccountStatus
from merx.contexts.identity.domain.one_time_code import CodePurpose
from tests.matrix.people import PASSWORD, Person
from tests.matrix.shop import BASE, Shop
from tests.support.asgi import Answer

pytestmark = pytest.mark.asyncio(loop_scope="session")
AUTH = f"{BASE}/auth"
NEW = f"new {PASSWORD}"


async def _post(shop: Shop, path: str, body: object, person: Person | None = None) -> Answer:
    shop.memory.forgive()
    return await shop.send("POST", AUTH + path, body, person.headers if person else {})


async def _close(shop: Shop, account_id: UUID) -> None:
    async with shop.app.contexts.identity.uow() as uow:
        account = await uow.accounts.get(account_id)
        account.status = AccountStatus.closed
        await uow.accounts.save(account)
        await uow.commit()


async def _reset(shop: Shop, person: Person) -> Answer:
    assert person.account_id is not None
    code = await shop.code(CodePurpose.reset_password, person.account_id)
    return await _post(shop, "/password/reset", {"code": code, "password": NEW})


# Done on another device or by somebody else, unless it is about this one.
ENDS: dict[str, Callable[[Shop, Person], Awaitable[object]]] = {
    "logout": lambda shop, person: _post(shop, "/logout", {"refresh_token": person.refresh_token}),
    "this device is signed out": lambda shop, person: shop.send(
        "DELETE", f"{AUTH}/sessions/{person.session_id}", None, person.headers
    ),
    "logout everywhere": lambda shop, person: _post(shop, "/logout-all", None, person),
    "password reset": _reset,
    "account closed": lambda shop, person: _close(shop, person.account_id or UUID(int=0)),
}


async def _refresh(shop: Shop, token: str) -> Answer:
    return await _post(shop, "/refresh", {"refresh_token": token})


async def test_s02_what_ends_a_session_ends_it_for_good(shop: Shop):
    """Each way alone; the token before it and the one after it are dead, and another customer's lives."""
    start, person = shop.memory.state(), shop.owner
    for name, end in ENDS.items():
        before = (await _refresh(shop, person.refresh_token)).json()["refresh_token"]
        newest = (await _refresh(shop, before)).json()["refresh_token"]
        await end(shop, person)
        got = [(await _refresh(shop, token)).status for token in (newest, before, person.refresh_token)]
        assert got == [401, 401, 401], name
        assert (await _refresh(shop, shop.other.refresh_token)).status == 200, name
        shop.memory.restore(start)
    assert (await _refresh(shop, person.refresh_token)).status == 200
    shop.memory.restore(start)


async def test_s02_another_password_ends_all_devices_but_the_one_where_it_was_chosen(shop: Shop):
    start, person = shop.memory.state(), shop.owner
    elsewhere = await _post(shop, "/login", {"email": person.email, "password": PASSWORD})
    changed = await _post(shop, "/password/change", {"present_password": PASSWORD, "new_password": NEW}, person)
    assert changed.status == 204, changed.body
    assert (await _refresh(shop, elsewhere.json()["refresh_token"])).status == 401
    assert (await _refresh(shop, person.refresh_token)).status == 200
    shop.memory.restore(start)


async def test_s02_an_old_token_takes_the_new_one_with_it(shop: Shop):
    start, person = shop.memory.state(), shop.owner
    tokens = [person.refresh_token]
    for _ in range(3):
        tokens.append((await _refresh(shop, tokens[-1])).json()["refresh_token"])
    assert (await _refresh(shop, tokens[0])).status == 401
    assert (await _refresh(shop, tokens[-1])).status == 401
    shop.memory.restore(start)


async def test_s03_a_long_password_is_taken_whole(shop: Shop):
    """64 characters and more, each of which counts; beyond the limit it is refused and not cut."""
    start = shop.memory.state()
    for length in (64, 72, 73, 128, MAX_PASSWORD):
        email, password = f"long{length}@example.com", "ä" * (length - 1) + "z"
        registered = await _post(shop, "/register", {"email": email, "password": password, "name": "Long"})
        assert registered.status == 202, length
        assert (await _post(shop, "/login", {"email": email, "password": password})).status == 200, length
        for near in (password[:-1], f"{password[:-1]}y", "ä" * 63):
            assert (await _post(shop, "/login", {"email": email, "password": near})).status == 401, (length, near)
    refused = await _post(shop, "/register", {"email": "a@example.com", "password": "a" * 257, "name": "A"})
    assert (refused.status, refused.json()["errors"][0]["field"]) == (400, "password")
    shop.memory.restore(start)


PURPOSES: dict[CodePurpose, Callable[[Shop, str, Person], Awaitable[Answer]]] = {
    CodePurpose.verify_email: lambda shop, code, _: _post(shop, "/verify-email", {"code": code}),
    CodePurpose.reset_password: lambda shop, code, _: _post(shop, "/password/reset", {"code": code, "password": NEW}),
    CodePurpose.change_email: lambda shop, code, person: _post(shop, "/email/confirm", {"code": code}, person),
}


async def test_s06_a_code_does_its_own_work_once_for_its_owner_and_nothing_else(shop: Shop):
    """Every purpose × every door × every state: one combination works."""
    start, person = shop.memory.state(), shop.owner
    assert person.account_id is not None
    worked = []
    for purpose in CodePurpose:
        new_email = "new@example.com" if purpose is CodePurpose.change_email else None
        code = await shop.code(purpose, person.account_id, new_email)
        made = shop.memory.state()
        for door, use in PURPOSES.items():
            for who in (person, shop.other):
                first, second = await use(shop, code, who), await use(shop, code, who)
                # Only the change of an e-mail asks who is signed in; the others are opened by the code alone.
                if first.status == 204:
                    worked.append((purpose, door, who.name))
                assert (second.status, second.slug) == (400, "identity.invalid-code")
                shop.memory.restore(made)
        await _post(shop, "/password/change", {"present_password": PASSWORD, "new_password": NEW}, person)
        if (
            use := PURPOSES.get(purpose)
        ) is not None:  # The token between password and second factor has its own tests.
            assert (await use(shop, code, person)).status == 400, f"{purpose} outlived the password"
        shop.memory.restore(start)
    both = [person.name, shop.other.name]
    assert worked == [
        *((CodePurpose.verify_email, CodePurpose.verify_email, name) for name in both),
        *((CodePurpose.reset_password, CodePurpose.reset_password, name) for name in both),
        (CodePurpose.change_email, CodePurpose.change_email, person.name),
    ]
