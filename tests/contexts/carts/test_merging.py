"""What was in the cart before signing in is kept."""

import pytest
from msgspec import UNSET

from merx.contexts.carts.domain.errors import (
    CartNotFound,
)
from merx.contexts.carts.usecases.access import Visitor
from merx.contexts.carts.usecases.delivery import SetAddress
from merx.kernel.ids import new_id
from tests.contexts.carts.conftest import ADDRESS, EMAIL, GUEST, merge
from tests.support.customers import customer


async def test_merge_into_the_own_cart(shop):
    customer_id = new_id()
    owner = Visitor(customer(customer_id), False)
    lamp, chair = shop.catalogue.sell("Lamp", available=4), shop.catalogue.sell("Chair")
    own, guests = await shop.cart(customer_id), await shop.cart()
    await shop.add(own.id, lamp, 3, owner)
    await shop.add(guests.id, lamp, 3)
    await shop.add(guests.id, chair, 1)
    await shop.container.set_address()(GUEST, guests.id, SetAddress(email=EMAIL, address=ADDRESS))

    view = await merge(shop, customer_id, guests.id)

    assert view.id == own.id
    assert [(line.product_name, line.quantity) for line in view.lines] == [("Lamp", 4), ("Chair", 1)]
    result = view.merge_result
    assert [(line.variant_id, line.quantity) for line in result.added] == [(chair, 1)]
    assert [(line.variant_id, line.wanted, line.added) for line in result.capped] == [(lamp, 3, 1)]
    assert (view.email, view.address) == (EMAIL, ADDRESS)
    with pytest.raises(CartNotFound):
        await shop.read(guests.id)

    again = await merge(shop, customer_id, guests.id)
    assert again.lines == view.lines
    assert (again.merge_result.added, again.merge_result.capped) == ([], [])
    with pytest.raises(CartNotFound):
        await merge(shop, new_id(), guests.id)


async def test_merge_without_an_own_cart_takes_the_guests(shop):
    customer_id = new_id()
    variant = shop.catalogue.sell()
    guests = await shop.cart()
    await shop.add(guests.id, variant, 2)
    other_currency = await shop.cart(customer_id, "INR")

    view = await merge(shop, customer_id, guests.id)

    assert view.id == guests.id
    assert [(line.variant_id, line.quantity) for line in view.merge_result.added] == [(variant, 2)]
    assert (await shop.read(guests.id, Visitor(customer(customer_id), False))).lines == view.lines
    assert (await shop.container.read_cart().current(customer_id, "INR")).id == other_currency.id
    with pytest.raises(CartNotFound):
        await shop.read(guests.id, GUEST)
    assert (await merge(shop, customer_id, guests.id)).merge_result.added == []
    with pytest.raises(CartNotFound):
        await merge(shop, new_id(), guests.id)


async def test_merge_needs_the_token(shop):
    guests = await shop.cart()
    with pytest.raises(CartNotFound):
        await merge(shop, new_id(), guests.id, holds_token=False)
    with pytest.raises(CartNotFound):
        await merge(shop, new_id(), new_id())
    assert (await shop.read(guests.id)).merge_result is UNSET
