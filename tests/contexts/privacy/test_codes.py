"""The code that confirms an erasure, and the time that an erasure waits for tokens to end."""

from datetime import timedelta
from uuid import UUID

import pytest

from merx.contexts.privacy.domain.erasure import Erasure, ErasureState
from merx.contexts.privacy.domain.errors import InvalidErasureCode
from merx.contexts.privacy.events import ErasureDue
from merx.contexts.privacy.usecases.ask_erasure import MAX_ASKED
from merx.kernel.actor import IN_PLACE_SECONDS
from merx.kernel.ids import new_id
from tests.contexts.privacy.conftest import CANARY, NEIGHBOUR, PASSWORD, Person, Shop
from tests.support.clock import FixedClock

SUBJECT = "Confirm that we shall forget you"
REFUSED = (400, "privacy.invalid-code")


async def asked(shop: Shop, person: Person) -> str:
    await shop.call("POST", "/users/me/erase", {"password": PASSWORD}, person.headers)
    await shop.settle()
    return shop.code(SUBJECT)


async def confirm(shop: Shop, person: Person, code: str) -> tuple[int, str]:
    """Before anybody hears of anything."""
    answer = await shop.send("POST", "/users/me/erase/confirm", {"code": code}, person.headers)
    return answer.status, answer.slug


async def of(shop: Shop, person: Person) -> Erasure:
    async with shop.app.contexts.privacy.uow() as uow:
        found = await uow.erasures.open_of(UUID(person.account_id))
    assert found is not None
    return found


async def test_s06_the_code_of_somebody_else_confirms_nothing(memory_shop: Shop) -> None:
    shop = memory_shop
    person, other = await shop.register(CANARY), await shop.register(NEIGHBOUR)
    await asked(shop, other)
    code = await asked(shop, person)
    assert await confirm(shop, other, code) == REFUSED
    assert {(await of(shop, each)).state for each in (person, other)} == {ErasureState.asked}
    assert await confirm(shop, person, code) == (202, "")


def test_s06_an_erasure_is_confirmed_by_its_own_account() -> None:
    clock, mine = FixedClock(), new_id()
    erasure = Erasure.ask(mine, CANARY["email"], clock.now())
    with pytest.raises(InvalidErasureCode):
        erasure.confirm(new_id(), clock.now(), timedelta(days=7))
    erasure.confirm(mine, clock.now(), timedelta(days=7))
    assert erasure.state is ErasureState.waiting


async def test_s06_a_code_read_in_a_mailbox_that_is_the_accounts_no_more_is_void(memory_shop: Shop) -> None:
    """From the moment on at which the address changed, not only once the news of it was heard."""
    shop = memory_shop
    person = await shop.register(CANARY)
    await shop.call("POST", "/auth/email/change", {"email": "moved@example.com", "password": PASSWORD}, person.headers)
    await shop.settle()
    text = next(text for to, _, text in reversed(shop.mails()) if "moved@example.com" in to)
    move = next(word.rpartition("#code=")[2] for word in text.split() if "mx_otc_" in word)
    code = await asked(shop, person)
    await shop.call("POST", "/auth/email/confirm", {"code": move}, person.headers)
    assert await confirm(shop, person, code) == REFUSED
    await shop.settle()
    assert await confirm(shop, person, code) == REFUSED


async def test_no_mailbox_is_filled_with_codes(memory_shop: Shop) -> None:
    shop = memory_shop
    person = await shop.register(CANARY)
    for _ in range(MAX_ASKED):
        await asked(shop, person)
    refused = await shop.send("POST", "/users/me/erase", {"password": PASSWORD}, person.headers)
    assert (refused.status, refused.header("retry-after")) == (429, "3600")
    await shop.settle()
    assert len([mail for mail in shop.mails() if mail[1] == SUBJECT]) == MAX_ASKED
    shop.clock.advance(timedelta(hours=1))
    await shop.sign_in(person)
    await asked(shop, person)


async def test_nothing_is_erased_while_a_token_opens_doors(memory_shop: Shop) -> None:
    shop = memory_shop
    person = await shop.register(CANARY)
    await shop.ask_erasure(person)
    erasure = await of(shop, person)
    shop.clock.advance(timedelta(days=shop.app.settings.erasure_days))
    await shop.job("privacy.erasures-due")
    told = ErasureDue(at=shop.clock.now(), erasure_id=erasure.id)
    erase = shop.app.contexts.privacy.erase()
    # Clocks differ by a minute, and staff may have acted in the place of the person.
    assert erase.token_life >= timedelta(seconds=max(shop.app.settings.access_token_seconds, IN_PLACE_SECONDS) + 60)
    shop.clock.advance(erase.token_life - timedelta(seconds=1))
    await erase(told)
    held = await of(shop, person)
    assert (held.state, held.parts_done) == (ErasureState.closing, ())
    shop.clock.advance(timedelta(seconds=1))
    await erase(told)
    async with shop.app.contexts.privacy.uow() as uow:
        assert (await uow.erasures.get(erasure.id)).state is ErasureState.done


async def test_s37_a_file_that_was_made_while_an_erasure_waited_goes_with_it(shop: Shop) -> None:
    person = await shop.register(CANARY)
    await shop.ask_erasure(person)
    erasure = await of(shop, person)
    shop.clock.advance(timedelta(days=shop.app.settings.erasure_days - 1))
    await shop.sign_in(person)
    asked_for = await shop.call("POST", "/users/me/export", None, person.headers)
    await shop.settle()
    files = shop.app.contexts.privacy.files()
    assert await files.read(UUID(asked_for["id"])) is not None
    shop.clock.advance(timedelta(days=1))
    await shop.job("privacy.erasures-due")
    shop.clock.advance(shop.app.contexts.privacy.erase().token_life)
    await shop.job("privacy.erasures-due")
    async with shop.app.contexts.privacy.uow() as uow:
        assert (await uow.erasures.get(erasure.id)).state is ErasureState.done
    assert await files.read(UUID(asked_for["id"])) is None
