"""What a shopper does, on memory and on PostgreSQL."""

import asyncio
from datetime import timedelta

import pytest

from merx.contexts.carts.api import CartStatus
from merx.contexts.carts.domain.errors import (
    ActiveCartExists,
    CartClosed,
    CartNotFound,
    LineNotFound,
    UnknownVariant,
)
from merx.contexts.carts.usecases.access import Visitor
from merx.contexts.carts.usecases.delivery import ChooseShipping, SetAddress
from merx.contexts.carts.usecases.edit_lines import ChangeLine
from merx.contexts.carts.usecases.open_cart import OpenCart
from merx.kernel.errors import StaleVersion
from merx.kernel.ids import new_id
from merx.kernel.money import Money, UnknownCurrency
from tests.contexts.carts.conftest import ADDRESS, EMAIL, GUEST, STRANGER, merge, ready
from tests.support.customers import customer


async def test_a_new_cart_asks_for_everything(shop):
    cart = await shop.cart()
    assert (cart.currency, cart.status, cart.version, cart.lines) == ("USD", CartStatus.active, 1, [])
    assert cart.total == cart.items_total == Money(0, "USD")
    assert cart.requirements == ["lines", "email", "address", "shipping_method"]
    assert cart.problems == []


async def test_from_empty_to_ready(shop):
    cart, variant = await ready(shop)
    (line,) = cart.lines
    assert (line.variant_id, line.product_name, line.product_slug, line.sku) == (variant, "Lamp", "lamp", "SKU-Lamp")
    assert (line.options, line.quantity, line.available) == ({"colour": "red"}, 2, 50)
    assert (line.unit_price, line.line_total) == (Money(10_00, "USD"), Money(20_00, "USD"))
    assert (cart.items_total, cart.shipping.price, cart.total) == (
        Money(20_00, "USD"),
        Money(5_00, "USD"),
        Money(25_00, "USD"),
    )
    assert (cart.shipping.method.id, cart.shipping.method.code) == (shop.carrier.slow, "standard")
    assert (cart.email, cart.address) == (EMAIL, ADDRESS)
    assert (cart.requirements, cart.problems, cart.version) == ([], [], 4)
    assert shop.carrier.parcels[-1].weight_grams == 800
    assert await shop.read(cart.id) == cart


async def test_lines_are_added_changed_and_removed(shop):
    lamp, chair = shop.catalogue.sell("Lamp"), shop.catalogue.sell("Chair", price=70_00)
    cart = await shop.cart()
    await shop.add(cart.id, lamp, 2)
    await shop.add(cart.id, chair)
    view = await shop.add(cart.id, lamp, 3)
    assert [(line.product_name, line.quantity) for line in view.lines] == [("Lamp", 5), ("Chair", 1)]
    view = await shop.container.change_line()(GUEST, cart.id, view.lines[0].id, ChangeLine(quantity=1))
    assert view.items_total == Money(80_00, "USD")
    view = await shop.container.remove_line()(GUEST, cart.id, view.lines[1].id)
    assert [(line.product_name, line.quantity) for line in view.lines] == [("Lamp", 1)]
    assert view == await shop.read(cart.id)
    with pytest.raises(LineNotFound):
        await shop.container.remove_line()(GUEST, cart.id, new_id())
    with pytest.raises(LineNotFound):
        await shop.container.change_line()(GUEST, cart.id, new_id(), ChangeLine(quantity=1))


async def test_the_variant_just_added_is_asked_for_once(shop):
    lamp, chair = shop.catalogue.sell(), shop.catalogue.sell()
    cart = await shop.cart()
    await shop.add(cart.id, lamp)
    assert shop.catalogue.asked == [[lamp]]
    await shop.add(cart.id, chair)
    assert shop.catalogue.asked[1:] == [[chair], [lamp]]


async def test_a_refused_line_changes_nothing(shop):
    cart = await shop.cart()
    with pytest.raises(UnknownVariant):
        await shop.add(cart.id, new_id())
    assert (await shop.read(cart.id)).version == 1


async def test_somebody_elses_cart_does_not_exist(shop):
    variant = shop.catalogue.sell()
    customer_id = new_id()
    owner = Visitor(customer(customer_id), False)
    guests, own = await shop.cart(), await shop.cart(customer_id)
    await shop.add(own.id, variant, visitor=owner)
    wrong_token = Visitor(customer(None), False)
    # A token for a customer's cart is never given out; if one were computed, it would open nothing.
    for cart_id, visitor in (
        (guests.id, STRANGER),
        (guests.id, wrong_token),
        (own.id, GUEST),
        (own.id, STRANGER),
        (own.id, wrong_token),
        (new_id(), GUEST),
        (new_id(), owner),
    ):
        line_id = new_id()
        box = shop.container
        for attempt in (
            box.read_cart()(visitor, cart_id),
            shop.add(cart_id, variant, visitor=visitor),
            shop.add(cart_id, new_id(), visitor=visitor),
            box.change_line()(visitor, cart_id, line_id, ChangeLine(quantity=1)),
            box.remove_line()(visitor, cart_id, line_id),
            box.set_address()(visitor, cart_id, SetAddress(email=EMAIL, address=ADDRESS)),
            box.list_shipping_options()(visitor, cart_id),
            box.choose_shipping()(visitor, cart_id, ChooseShipping(method_id=shop.carrier.slow)),
        ):
            with pytest.raises(CartNotFound):
                await attempt
    assert (await shop.read(own.id, owner)).lines[0].quantity == 1


async def test_a_completed_cart_can_be_read_and_not_changed(shop):
    cart, variant = await ready(shop)
    await shop.complete(cart.id)
    box = shop.container
    for attempt in (
        shop.add(cart.id, variant),
        box.change_line()(GUEST, cart.id, cart.lines[0].id, ChangeLine(quantity=1)),
        box.remove_line()(GUEST, cart.id, cart.lines[0].id),
        box.set_address()(GUEST, cart.id, SetAddress(email=EMAIL, address=ADDRESS)),
        box.choose_shipping()(GUEST, cart.id, ChooseShipping(method_id=shop.carrier.slow)),
        merge(shop, new_id(), cart.id),
    ):
        with pytest.raises(CartClosed):
            await attempt
    after = await shop.read(cart.id)
    assert (after.status, after.version, after.total) == (CartStatus.completed, cart.version + 1, cart.total)
    assert (after.problems, after.requirements) == ([], [])


async def test_problems_of_lines(shop):
    kept, dearer, scarce, empty, withdrawn, gone, moved = (shop.catalogue.sell(f"P{n}") for n in range(7))
    cart = await shop.cart()
    for variant in (kept, dearer, scarce, empty, withdrawn, gone, moved):
        await shop.add(cart.id, variant, 2)
    shop.catalogue.change(dearer, price=Money(11_00, "USD"))
    shop.catalogue.change(scarce, available=1)
    shop.catalogue.change(empty, available=0)
    shop.catalogue.change(withdrawn, on_sale=False)
    shop.catalogue.change(moved, price=Money(900_00, "INR"))
    del shop.catalogue.sold[gone]

    view = await shop.read(cart.id)

    found = {problem.variant_id: problem for problem in view.problems}
    assert {key: problem.code for key, problem in found.items()} == {
        dearer: "price_changed",
        scarce: "not_enough_stock",
        empty: "out_of_stock",
        withdrawn: "not_on_sale",
        gone: "not_on_sale",
        moved: "not_on_sale",
    }
    assert (found[dearer].seen, found[dearer].price) == (Money(10_00, "USD"), Money(11_00, "USD"))
    assert (found[scarce].available, found[empty].available) == (1, 0)
    by_variant = {line.variant_id: line for line in view.lines}
    assert found[scarce].line_id == by_variant[scarce].id
    assert by_variant[dearer].unit_price == Money(11_00, "USD")
    assert (by_variant[gone].product_name, by_variant[gone].unit_price) == ("", Money(10_00, "USD"))
    assert by_variant[moved].unit_price == Money(10_00, "USD")


async def test_a_seen_price_is_no_problem_any_more(shop):
    variant = shop.catalogue.sell()
    cart = await shop.cart()
    view = await shop.add(cart.id, variant)
    shop.catalogue.change(variant, price=Money(12_00, "USD"))
    assert [problem.code for problem in (await shop.read(cart.id)).problems] == ["price_changed"]
    view = await shop.container.change_line()(GUEST, cart.id, view.lines[0].id, ChangeLine(quantity=1))
    assert (view.problems, view.total) == ([], Money(12_00, "USD"))


async def test_looking_at_the_cart_asks_the_inventory_itself(shop):
    variant = shop.catalogue.sell(available=50)
    shop.warehouse.counted[variant] = 1
    cart = await shop.cart()
    assert (await shop.add(cart.id, variant, 2)).problems == []
    view = await shop.read(cart.id)
    assert (view.problems[0].code, view.problems[0].available, view.lines[0].available) == ("not_enough_stock", 1, 1)


async def test_one_active_cart_for_each_customer_and_currency(shop):
    customer_id = new_id()
    opened = shop.container.open_cart()
    first, new = await opened(customer(customer_id), OpenCart())
    again, newer = await opened(customer(customer_id), OpenCart())
    rupees, _ = await opened(customer(customer_id), OpenCart(currency="INR"))
    assert (new, newer) == (True, False)
    assert first.id == again.id != rupees.id
    assert (await shop.container.read_cart().current(customer_id, "INR")).id == rupees.id
    with pytest.raises(CartNotFound):
        await shop.container.read_cart().current(customer_id, "EUR")
    with pytest.raises(UnknownCurrency):
        await opened(customer(customer_id), OpenCart(currency="QQQ"))
    await shop.complete(first.id)
    with pytest.raises(CartNotFound):
        await shop.container.read_cart().current(customer_id, None)
    assert (await shop.cart(customer_id)).id != first.id


async def test_the_storage_refuses_a_second_active_cart(shop):
    customer_id = new_id()
    first = await shop.cart(customer_id)
    async with shop.container.uow() as uow:
        second = await uow.carts.lock(first.id)
        second.id = new_id()
        with pytest.raises(ActiveCartExists):
            await uow.carts.add(second)


async def test_a_cart_opened_in_many_windows_is_one(shop):
    customer_id = new_id()
    carts = await asyncio.gather(*(shop.cart(customer_id) for _ in range(8)))
    assert len({cart.id for cart in carts}) == 1


async def test_nothing_is_kept_without_commit_and_versions_are_checked(shop):
    cart, _ = await ready(shop)
    async with shop.container.uow() as uow:
        held = await uow.carts.lock(cart.id)
        held.lines.clear()
        await uow.carts.save(held)
    assert len((await shop.read(cart.id)).lines) == 1
    async with shop.container.uow() as uow:
        held = await uow.carts.lock(cart.id)
        held.version -= 1
        with pytest.raises(StaleVersion):
            await uow.carts.save(held)


async def test_checkout_sees_many_carts_at_once(shop):
    first, variant = await ready(shop)
    customer_id = new_id()
    second = await shop.cart(customer_id)
    shop.clock.advance(timedelta(minutes=1))
    async with shop.container.uow() as uow:
        carts = await shop.container.api().lock(uow.tx, [second.id, first.id, new_id(), first.id])
        assert set(carts) == {first.id, second.id}
        seen = carts[first.id]
        assert (seen.status, seen.customer_id, seen.currency) == (CartStatus.active, None, "USD")
        assert (seen.email, seen.address, seen.shipping_method_id) == (EMAIL, ADDRESS, shop.carrier.slow)
        assert [(line.variant_id, line.quantity) for line in seen.lines] == [(variant, 2)]
        assert (carts[second.id].customer_id, carts[second.id].lines, carts[second.id].address) == (
            customer_id,
            [],
            None,
        )
        await shop.container.api().complete(uow.tx, [first.id, second.id], shop.clock.now())
        await uow.commit()
    async with shop.container.uow() as uow:
        held = await uow.carts.lock(first.id)
        assert (held.status, held.completed_at, held.updated_at) == (
            CartStatus.completed,
            shop.clock.now(),
            shop.clock.now(),
        )
