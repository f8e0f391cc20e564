"""What staff does in the place of a customer on the way to an order is told with the change, on every storage; what
customers do is not.
"""

import asyncio
from typing import Any

import msgspec
import pytest

from merx.contexts.audit.ports.queries import AuditFilter, AuditView
from merx.contexts.carts.domain.errors import LineNotFound
from merx.contexts.carts.usecases.access import Visitor
from merx.contexts.carts.usecases.delivery import ChooseShipping, SetAddress
from merx.contexts.carts.usecases.edit_lines import AddLine, ChangeLine
from merx.contexts.carts.usecases.merge_carts import MergeCarts
from merx.contexts.carts.usecases.open_cart import OpenCart
from merx.contexts.identity.domain.account import AccountKind
from merx.contexts.orders.domain.errors import SoldOut
from merx.contexts.users.usecases.address_book import ChangeAddress, SaveAddress
from merx.kernel.actor import Actor
from merx.kernel.ids import new_id
from tests.contexts.orders.conftest import ADDRESS, EMAIL, Shop, placed, request
from tests.support.customers import customer


def helper() -> Actor:
    return customer(new_id(), impersonator=new_id(), request_id="r-in-place", client="192.0.2.9")


async def told(shop: Shop, context: str) -> list[AuditView]:
    """In order."""
    page = await shop.contexts.audit.queries().page(AuditFilter(limit=100, action=context))
    return page.items[::-1]


def by(view: AuditView) -> tuple[Any, ...]:
    return view.actor_id, view.impersonator_id, view.request_id, view.client


def after(view: AuditView, end: str) -> list[Any]:
    return [change.after for name, change in view.changes.items() if name.endswith(end)]


async def test_each_edit_of_a_cart_is_told_with_what_it_changed(shop: Shop):
    actor, lamp = helper(), await shop.product()
    visitor, carts = Visitor(actor, False), shop.contexts.carts
    cart, _ = await carts.open_cart()(actor, OpenCart())
    view, _ = await carts.add_line()(visitor, cart.id, AddLine(variant_id=lamp, quantity=2))
    await carts.change_line()(visitor, cart.id, view.lines[0].id, ChangeLine(quantity=3))
    with pytest.raises(LineNotFound):
        await carts.change_line()(visitor, cart.id, new_id(), ChangeLine(quantity=4))
    await carts.set_address()(visitor, cart.id, SetAddress(email=EMAIL, address=ADDRESS))
    options = await carts.list_shipping_options()(visitor, cart.id)
    await carts.choose_shipping()(visitor, cart.id, ChooseShipping(method_id=options[0].method_id))
    await carts.remove_line()(visitor, cart.id, view.lines[0].id)
    rows = await told(shop, "carts")
    assert [row.action.removeprefix("carts.") for row in rows] == [
        "cart-opened",
        "line-added",
        "line-changed",
        "address-set",
        "shipping-chosen",
        "line-removed",
    ]
    assert {row.target_id for row in rows} == {str(cart.id)}
    assert {by(row) for row in rows} == {(actor.account_id, actor.impersonator, "r-in-place", "192.0.2.9")}
    (quantity,) = (change for name, change in rows[2].changes.items() if name.endswith(".quantity"))
    assert (quantity.before, quantity.after) == (2, 3)
    assert after(rows[3], "address") == after(rows[3], "email") == ["***"]
    assert after(rows[4], "method_id") == [str(options[0].method_id)]
    assert not any(word in str(rows) for word in (EMAIL, ADDRESS.line1))


async def test_customers_leave_no_row(shop: Shop):
    await shop.cart({await shop.product(): 1}, customer_id=new_id())
    assert await told(shop, "carts") == []


async def test_both_carts_of_a_merge_are_told(shop: Shop):
    actor, lamp = helper(), await shop.product()
    carts = shop.contexts.carts
    own, _ = await carts.open_cart()(actor, OpenCart())
    guests = (await shop.cart({lamp: 1})).cart_id
    known = len(await told(shop, "carts"))
    for _ in range(2):
        await carts.merge_carts()(actor, True, MergeCarts(cart_id=guests))
    rows = (await told(shop, "carts"))[known:]
    assert [(row.action, row.target_id) for row in rows] == [
        ("carts.cart-merged", str(guests)),
        ("carts.cart-merged", str(own.id)),
    ]
    assert after(rows[1], "variant_id") == [str(lamp)]


async def test_of_a_batch_those_in_the_place_of_customers_are_told(shop: Shop):
    lamp, rare = await shop.product(stock=50), await shop.product(stock=0)
    actors = [helper() if number % 3 == 0 else customer(new_id()) for number in range(9)]
    asked = [(await shop.cart({lamp: 1}, actor.account_id), actor) for actor in actors]
    late = helper()
    asked.append((await shop.cart({rare: 1}, late.account_id), late))
    requests = [msgspec.structs.replace(request(command), actor=actor) for command, actor in asked]
    *answers, refused = await asyncio.gather(*map(shop.place, requests), return_exceptions=True)
    assert isinstance(refused, SoldOut)
    rows = await told(shop, "orders")
    wanted = {
        (str(placed(answer).order.id), actor.account_id, actor.impersonator)
        for answer, actor in zip(answers, actors, strict=True)
        if actor.impersonator
    }
    assert {(row.target_id, row.actor_id, row.impersonator_id) for row in rows} == wanted
    assert len(rows) == len(wanted) == 3
    assert {row.changes["total.amount"].after for row in rows} == {placed(answers[0]).order.total.amount}
    assert not any(word in str(rows) for word in (EMAIL, ADDRESS.line1))
    # Sent again it is the order that is there, and nothing new.
    await shop.place(requests[0])
    assert len(await told(shop, "orders")) == 3


async def test_addresses_are_told_and_so_is_the_one_that_gives_way(shop: Shop):
    made = await shop.contexts.identity.ensure_account()(
        "c@example.com", "Casey", AccountKind.customer, (), "correct horse"
    )
    actor, users = customer(made, impersonator=new_id()), shop.contexts.users
    home = await users.save_address()(customer(made), made, SaveAddress(address=ADDRESS))
    work = await users.save_address()(actor, made, SaveAddress(address=ADDRESS, label="Casey's"))
    await users.change_address()(actor, made, work.id, ChangeAddress(default_shipping=True))
    await users.remove_address()(actor, made, work.id)
    rows = [(row.action.removeprefix("users.address-"), row.target_id) for row in await told(shop, "users")]
    assert rows == [
        ("saved", str(work.id)),
        ("changed", str(home.id)),
        ("changed", str(work.id)),
        ("removed", str(work.id)),
    ]
    assert "Casey" not in str(await told(shop, "users"))
