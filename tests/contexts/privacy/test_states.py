"""The way of an erasure, and where it may be left, repeated and interrupted."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from merx.contexts.privacy.domain.erasure import Erasure
from merx.contexts.privacy.events import ErasureDue
from merx.contexts.privacy.usecases.erase import EraseHandler
from tests.contexts.privacy.conftest import CANARY, PASSWORD, Person, Shop
from tests.contexts.privacy.test_s37_erasure import everything, traces

DUE = "privacy.erasures-due"


async def code_of(shop: Shop, person: Person) -> str:
    await shop.call("POST", "/users/me/erase", {"password": PASSWORD}, person.headers)
    await shop.settle()
    return shop.code("Confirm that we shall forget you")


async def confirmed(shop: Shop, person: Person, code: str) -> tuple[int, str]:
    answer = await shop.send("POST", "/users/me/erase/confirm", {"code": code}, person.headers)
    await shop.settle()
    return answer.status, answer.slug


async def newest(shop: Shop, person: Person) -> Erasure:
    async with shop.app.contexts.privacy.uow() as uow:
        found = await uow.erasures.open_of(UUID(person.account_id))
    assert found is not None
    return found


async def test_a_code_works_once(memory_shop: Shop):
    shop = memory_shop
    person = await shop.register(CANARY)
    code = await code_of(shop, person)
    assert await confirmed(shop, person, code) == (202, "")
    assert await confirmed(shop, person, code) == (400, "privacy.invalid-code")
    await shop.call("DELETE", "/users/me/erase", None, person.headers)
    assert await confirmed(shop, person, code) == (400, "privacy.invalid-code")


async def test_s06_another_password_makes_the_code_void(memory_shop: Shop):
    shop = memory_shop
    person = await shop.register(CANARY)
    code = await code_of(shop, person)
    change = {"present_password": PASSWORD, "new_password": "another horse battery"}
    await shop.call("POST", "/auth/password/change", change, person.headers)
    await shop.settle()
    assert await confirmed(shop, person, code) == (400, "privacy.invalid-code")


async def test_the_newest_code_counts_and_for_an_hour(memory_shop: Shop):
    shop = memory_shop
    person = await shop.register(CANARY)
    first, second = await code_of(shop, person), await code_of(shop, person)
    assert await confirmed(shop, person, first) == (400, "privacy.invalid-code")
    shop.clock.advance(timedelta(hours=1))
    await shop.sign_in(person)
    assert await confirmed(shop, person, second) == (400, "privacy.invalid-code")


async def test_called_off_within_the_waiting_time(shop: Shop):
    person = await shop.register(CANARY)
    await shop.ask_erasure(person)
    await shop.call("DELETE", "/users/me/erase", None, person.headers)
    shop.clock.advance(timedelta(days=shop.app.settings.erasure_days + 1))
    await shop.job(DUE)
    await shop.sign_in(person)
    assert (await shop.send("GET", "/users/me/erase", None, person.headers)).status == 404


async def test_called_off_while_the_worker_is_told(shop: Shop):
    """The news that it is due is on its way already: whoever calls it off first wins."""
    person = await shop.register(CANARY)
    await shop.ask_erasure(person)
    erasure = await newest(shop, person)
    shop.clock.advance(timedelta(days=shop.app.settings.erasure_days))
    await shop.sign_in(person)
    await shop.call("DELETE", "/users/me/erase", None, person.headers)
    handler: EraseHandler = shop.app.contexts.privacy.erase()
    await handler(ErasureDue(at=shop.clock.now(), erasure_id=erasure.id))
    await shop.settle()
    await shop.sign_in(person)


async def test_nobody_calls_off_what_has_begun(shop: Shop):
    person = await shop.register(CANARY)
    await shop.ask_erasure(person)
    shop.clock.advance(timedelta(days=shop.app.settings.erasure_days))
    await shop.job(DUE)
    answer = await shop.send("DELETE", f"/users/{person.account_id}/erase", None, shop.root)
    assert (answer.status, answer.slug) == (409, "privacy.too-late")


async def test_a_file_is_there_for_its_days(shop: Shop):
    person = await shop.register(CANARY)
    asked = await shop.call("POST", "/users/me/export", None, person.headers)
    await shop.settle()
    here = f"/users/me/exports/{asked['id']}"
    folder = shop.data / "exports"
    kept = [file for file in folder.rglob("*") if file.is_file()] if folder.exists() else []
    shop.clock.advance(timedelta(days=shop.app.settings.export_days))
    await shop.sign_in(person)
    # Before the job came by too.
    answer = await shop.send("GET", f"{here}/file", None, person.headers)
    assert (answer.status, answer.slug) == (409, "privacy.export-not-ready")
    await shop.job("privacy.forget-exports")
    assert (await shop.call("GET", here, None, person.headers))["state"] == "expired"
    assert [file for file in kept if file.exists()] == []


class Killed(Exception):
    pass


class Part:
    """Counts, and dies once: before the rows are erased, or after it and before anybody is told."""

    def __init__(self, part: Any, die: str = "") -> None:
        self._part, self._die, self.erased = part, die, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._part, name)

    async def erase(self, subject: Any) -> None:
        if self._die == "before":
            self._die = ""
            raise Killed
        self.erased += 1
        await self._part.erase(subject)
        if self._die == "after":
            self._die = ""
            raise Killed


@pytest.mark.parametrize("die", ["before", "after"])
async def test_killed_between_two_contexts_it_goes_on_from_there(shop: Shop, die: str):
    person = await shop.live(CANARY)
    await shop.ask_erasure(person)
    shop.clock.advance(timedelta(days=shop.app.settings.erasure_days))
    await shop.job(DUE)
    shop.clock.advance(timedelta(hours=1))
    whole: EraseHandler = shop.app.contexts.privacy.erase()
    parts = [Part(part, die if place == 3 else "") for place, part in enumerate(whole.parts)]
    handler = EraseHandler(whole.uow, parts, whole.accounts, whole.files, whole.clock, whole.token_life)
    due = ErasureDue(at=shop.clock.now(), erasure_id=(await newest(shop, person)).id)
    with pytest.raises(Killed):
        await handler(due)
    assert len((await newest(shop, person)).parts_done) == 3
    await handler(due)
    # Told once more: there is nothing left to do.
    await handler(due)
    again = 2 if die == "after" else 1
    assert [part.erased for part in parts] == [again if place == 3 else 1 for place in range(len(parts))]
    await shop.settle()
    assert traces(await everything(shop), person.words) == []
    trail = await shop.call("GET", "/audit?limit=100")
    told = [row for row in trail["items"] if row["action"] == "privacy.person-erased"]
    assert len(told) == 1
    assert msgspec.json.encode(told).decode().count(person.account_id) == 1
