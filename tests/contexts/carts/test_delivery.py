"""Where a cart goes, and how."""

import pytest

from merx.contexts.carts.domain.errors import (
    AddressMissing,
    ShippingNotOffered,
)
from merx.contexts.carts.usecases.delivery import ChooseShipping, SetAddress
from merx.kernel.errors import Invalid
from merx.kernel.ids import new_id
from merx.kernel.money import Money
from tests.contexts.carts.conftest import ADDRESS, EMAIL, GUEST, ready


async def test_shipping_needs_an_address_and_an_offer(shop):
    variant = shop.catalogue.sell()
    cart = await shop.cart()
    await shop.add(cart.id, variant)
    box = shop.container
    with pytest.raises(AddressMissing):
        await box.list_shipping_options()(GUEST, cart.id)
    with pytest.raises(AddressMissing):
        await box.choose_shipping()(GUEST, cart.id, ChooseShipping(method_id=shop.carrier.slow))
    await box.set_address()(GUEST, cart.id, SetAddress(email=EMAIL, address=ADDRESS))
    options = await box.list_shipping_options()(GUEST, cart.id)
    assert [(option.code, option.price) for option in options] == [
        ("standard", Money(5_00, "USD")),
        ("express", Money(15_00, "USD")),
    ]
    with pytest.raises(ShippingNotOffered):
        await box.choose_shipping()(GUEST, cart.id, ChooseShipping(method_id=new_id()))


async def test_shipping_goes_stale(shop):
    cart, variant = await ready(shop)
    view = await shop.add(cart.id, variant, 8)
    assert (view.shipping.price, view.total) == (Money(0, "USD"), Money(100_00, "USD"))
    (problem,) = view.problems
    assert (problem.code, problem.seen, problem.price) == ("shipping_stale", Money(5_00, "USD"), Money(0, "USD"))
    chosen = await shop.container.choose_shipping()(GUEST, cart.id, ChooseShipping(method_id=shop.carrier.slow))
    assert chosen.problems == []

    from msgspec.structs import replace

    abroad = SetAddress(email=EMAIL, address=replace(ADDRESS, country="DE", region="", postal_code="10115"))
    view = await shop.container.set_address()(GUEST, cart.id, abroad)
    (problem,) = view.problems
    assert (problem.code, problem.price, view.shipping.price) == ("shipping_stale", None, None)
    assert (view.requirements, view.total) == (["shipping_method"], view.items_total)


async def test_an_email_that_is_too_long_in_its_one_form_is_refused(shop):
    # Each of these letters is two in the form that is stored: 239 of them are sent, 477 would be kept.
    cart = await shop.cart()
    long = SetAddress(email="\u0958" * 50 + "@" + "\u0958" * 185 + ".in", address=ADDRESS)
    with pytest.raises(Invalid):
        await shop.container.set_address()(GUEST, cart.id, long)
