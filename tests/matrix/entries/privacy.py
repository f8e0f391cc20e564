"""Exports and erasures of personal data."""

from typing import Any
from uuid import UUID

from merx.contexts.privacy.domain.erasure import CODE_PURPOSE, Erasure
from merx.infra.one_time_codes import OneTimeCodes
from merx.kernel.ids import new_id
from tests.matrix.callers import Caller
from tests.matrix.entry import Entries, Entry, Target, at
from tests.matrix.people import PASSWORD, Person
from tests.matrix.shop import BASE, Shop

_ME = "/api/v1/users/me"
_ERASE = f"{_ME}/erase"
_STAFF = "/api/v1/users/{account_id}/erase"
_NOT_YOURS: dict[str, Any] = {"differs": {Caller.other: 404}, "because": "it belongs to somebody else"}


async def _export(shop: Shop, person: Person) -> Target:
    """The newest one: a person gets a few a day, and some who play a route take nothing back."""
    held = (await shop.call("GET", "/users/me/exports?limit=1", None, person.headers))["items"]
    if not held:
        key = {"idempotency-key": new_id().hex}
        held = [await shop.call("POST", "/users/me/export", None, person.headers | key)]
        await shop.settle()
    return at(export_id=held[0]["id"])


async def _finish_orders(shop: Shop) -> None:
    """Nobody is erased while an order is on its way. Where nothing is taken back, a step may be behind us already."""
    for person in (shop.owner, shop.other):
        sent = person.sent
        cash = {"payment_id": sent["payment_id"], "amount": sent["total"], "reference": f"receipt {sent['number']}"}
        for path, body in (
            (f"/orders/{person.order['id']}/cancel", {}),
            (f"/orders/{sent['id']}/shipments/{sent['shipments'][0]['id']}/deliver", None),
            ("/payments/cod/collections", cash),
        ):
            answer = await shop.send("POST", BASE + path, body, shop.root | {"idempotency-key": new_id().hex})
            assert answer.status < 300 or answer.status == 409, f"{path}: {answer.status} {answer.body!r}"
    # Without insisting that nothing waits: names changed many times in one moment wait for each other.
    shop.memory.skip_deliveries("search.")
    await shop.app.deliverer.drain()


async def _ask(shop: Shop, _: Person) -> Target:
    await _finish_orders(shop)
    return at({"password": PASSWORD})


async def _erasure(shop: Shop, account_id: UUID, email: str) -> Erasure:
    async with shop.app.contexts.privacy.uow() as uow:
        if (held := await uow.erasures.open_of(account_id)) is not None:
            return held
        erasure = Erasure.ask(account_id, email, shop.app.infra.clock().now())
        await uow.erasures.add(erasure)
        await uow.commit()
    return erasure


async def _confirm(shop: Shop, person: Person) -> Target:
    await _finish_orders(shop)
    assert person.account_id is not None
    erasure = await _erasure(shop, person.account_id, person.email)
    return at({"code": OneTimeCodes(shop.app.infra.guest_tokens()).text(CODE_PURPOSE, erasure.id)})


async def _asked(shop: Shop, person: Person) -> Target:
    assert person.account_id is not None
    await _erasure(shop, person.account_id, person.email)
    return at()


async def _asked_by(shop: Shop, person: Person) -> Target:
    await _asked(shop, person)
    return at(account_id=person.account_id)


async def _written(shop: Shop, person: Person) -> Target:
    await _finish_orders(shop)
    return at({"reference": "2030/117"}, account_id=person.account_id)


ENTRIES: Entries = {
    f"POST {_ME}/export": Entry(),
    f"GET {_ME}/exports": Entry(),
    f"GET {_ME}/exports/{{export_id}}": Entry(_export, **_NOT_YOURS),
    f"GET {_ME}/exports/{{export_id}}/file": Entry(_export, **_NOT_YOURS),
    f"POST {_ERASE}": Entry(_ask),
    f"POST {_ERASE}/confirm": Entry(
        _confirm, differs={Caller.other: 400}, because="a code of somebody else is no code"
    ),
    f"GET {_ERASE}": Entry(_asked, **_NOT_YOURS),
    f"DELETE {_ERASE}": Entry(_asked, **_NOT_YOURS),
    f"POST {_STAFF}": Entry(
        _written, differs={Caller.key: 403}, because="a program that erases needs step-up:waive as well"
    ),
    f"GET {_STAFF}": Entry(_asked_by),
    f"DELETE {_STAFF}": Entry(_asked_by),
}
