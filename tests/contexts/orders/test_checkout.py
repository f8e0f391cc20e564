"""Checkout among its real neighbours, on memory and on PostgreSQL."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from merx.contexts.carts.usecases.open_cart import OpenCart
from merx.contexts.catalog.usecases.commands import EditProduct, EditVariant, Price
from merx.contexts.orders.domain.errors import (
    CartChanged,
    CartIncomplete,
    CartNotFound,
    NotForSale,
    PaymentMethodNotAvailable,
    SoldOut,
)
from merx.contexts.orders.domain.states import Status
from merx.contexts.orders.ports.neighbours import Carts
from merx.contexts.orders.usecases.commands import PlaceOrder
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.errors import KeyReused
from merx.kernel.ids import new_id
from merx.kernel.money import Money
from tests.contexts.orders.conftest import EMAIL, Shop, other_total, placed, request
from tests.support.customers import customer

OPEN = OpenCart()


async def test_a_cart_becomes_an_order(shop: Shop):
    lamp, chair = await shop.product(stock=10), await shop.product(stock=5, price=70_00)
    command = await shop.cart({lamp: 2, chair: 1})
    answer = await shop.place(request(command))
    made = placed(answer)
    assert (answer.status, answer.replayed) == (201, False)
    assert (made.order.status, made.order.email) == (Status.placed, EMAIL)
    assert made.order.items_total == Money(110_00, "USD")
    assert made.order.total == command.expected_total == made.order.items_total + made.order.shipping_total
    assert [(line.variant_id, line.quantity) for line in made.order.lines] == [(lamp, 2), (chair, 1)]
    assert shop.app.infra.guest_tokens().check("order", made.order.id, made.token)
    assert await shop.contexts.orders.queries().order(made.order.id) == made.order
    assert (await shop.on_hand(lamp), await shop.on_hand(chair)) == ((10, 2), (5, 1))
    assert await shop.contexts.inventory.queries().discrepancies() == []


async def test_the_same_key_gets_the_same_answer(shop: Shop):
    lamp = await shop.product()
    command = await shop.cart({lamp: 1})
    first = await shop.place(request(command, key="k"))
    again = await shop.place(request(command, key="k"))
    assert (again.status, again.body, again.replayed) == (201, first.body, True)
    assert await shop.on_hand(lamp) == (10, 1)
    with pytest.raises(KeyReused):
        await shop.place(request(other_total(command), key="k"))


async def test_a_cart_becomes_one_order_whatever_the_keys(shop: Shop):
    lamp = await shop.product()
    command = await shop.cart({lamp: 1})
    answers = await asyncio.gather(*(shop.place(request(command)) for _ in range(20)))
    assert len({placed(answer).order.id for answer in answers}) == 1
    assert sorted(answer.status for answer in answers) == [200] * 19 + [201]
    assert await shop.on_hand(lamp) == (10, 1)


async def test_a_double_click_is_one_order(shop: Shop):
    lamp = await shop.product()
    command = await shop.cart({lamp: 1})
    answers = await asyncio.gather(*(shop.place(request(command, key="same")) for _ in range(20)))
    assert len({placed(answer).order.id for answer in answers}) == 1
    assert await shop.on_hand(lamp) == (10, 1)


async def test_the_kept_answer_is_only_for_who_may_open_the_cart(shop: Shop):
    command = await shop.cart({await shop.product(): 1})
    await shop.place(request(command, key="k"))
    with pytest.raises(CartNotFound):
        await shop.place(request(command, key="k", opens_cart=False))
    with pytest.raises(CartNotFound):
        await shop.place(request(other_total(command), key="k", opens_cart=False))


async def test_twins_with_one_key_and_two_bodies(shop: Shop):
    command = await shop.cart({await shop.product(): 1})
    twins = request(command, key="k"), request(other_total(command), key="k")
    answers = await asyncio.gather(*map(shop.place, twins), return_exceptions=True)
    assert placed(answers[0]).order.status is Status.placed
    assert isinstance(answers[1], KeyReused)


async def test_twins_with_one_key_and_two_carts(shop: Shop):
    lamp, ada = await shop.product(), new_id()
    sent = [request(await shop.cart({lamp: 1}), "k", ada) for _ in range(2)]
    answers = await asyncio.gather(*map(shop.place, sent), return_exceptions=True)
    assert placed(answers[0]).order.status is Status.placed
    assert isinstance(answers[1], KeyReused)
    again = await shop.place(sent[0])
    assert (again.status, again.replayed, placed(again).order) == (201, True, placed(answers[0]).order)
    assert await shop.on_hand(lamp) == (10, 1)


async def test_a_cart_is_all_or_nothing(shop: Shop):
    lamp, chair = await shop.product(stock=10), await shop.product(stock=1)
    command = await shop.cart({lamp: 2, chair: 1})
    await shop.order({chair: 1})
    with pytest.raises(SoldOut) as refused:
        await shop.place(request(command))
    assert refused.value.extra == {"variants": [{"variant_id": str(chair), "wanted": 1, "available": 0}]}
    assert await shop.on_hand(lamp) == (10, 0)


async def test_twins_of_a_refused_cart_hear_the_same(shop: Shop):
    chair = await shop.product(stock=1)
    command = await shop.cart({chair: 1})
    await shop.order({chair: 1})
    answers = await asyncio.gather(*(shop.place(request(command)) for _ in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [SoldOut] * 3


async def test_another_total_is_refused_with_the_present_one(shop: Shop):
    lamp = await shop.product(price=20_00)
    command = await shop.cart({lamp: 1})
    variants = await shop.contexts.catalog.api().variants([lamp])
    price = EditVariant(id=lamp, price=Price(amount=25_00, currency="USD"))
    await shop.contexts.catalog.edit_product()(Actor.system(), variants[lamp].product_id, EditProduct(variants=[price]))
    with pytest.raises(CartChanged) as refused:
        await shop.place(request(command))
    assert refused.value.extra["items_total"] == {"amount": 25_00, "currency": "USD"}
    assert await shop.on_hand(lamp) == (10, 0)


async def test_what_is_withdrawn_is_not_sold(shop: Shop):
    lamp = await shop.product()
    command = await shop.cart({lamp: 1})
    variants = await shop.contexts.catalog.api().variants([lamp])
    await shop.contexts.catalog.change_status().archive(Actor.system(), variants[lamp].product_id)
    with pytest.raises(NotForSale):
        await shop.place(request(command))


async def test_a_product_that_is_sold_in_another_currency_since_is_not_sold(shop: Shop):
    lamp = await shop.product()
    command = await shop.cart({lamp: 1})
    variants = await shop.contexts.catalog.api().variants([lamp])
    edit = EditProduct(variants=[EditVariant(id=lamp, price=Price(amount=20_00, currency="EUR"))])
    await shop.contexts.catalog.edit_product()(Actor.system(), variants[lamp].product_id, edit)
    with pytest.raises(NotForSale):
        await shop.place(request(command))
    assert await shop.on_hand(lamp) == (10, 0)


class Halved:
    """Carts whose every line came in two parts."""

    def __init__(self, carts: Carts) -> None:
        self._carts = carts
        self.complete = carts.complete

    async def lock(self, tx, cart_ids):
        found = await self._carts.lock(tx, cart_ids)
        return {id: msgspec.structs.replace(cart, lines=[*cart.lines, *cart.lines]) for id, cart in found.items()}


async def test_two_lines_of_one_variant_share_its_stock(shop: Shop):
    lamp = await shop.product(stock=3, price=20_00)
    command = await shop.cart({lamp: 2})
    # Goods of this worth travel free.
    doubled = msgspec.structs.replace(command, expected_total=Money(80_00, "USD"))
    batch = shop.contexts.orders.batch()
    (answer,) = await replace(batch, carts=Halved(batch.carts))([request(doubled)])
    assert isinstance(answer, SoldOut)
    assert await shop.on_hand(lamp) == (3, 0)


async def test_only_who_may_open_the_cart_may_order_it(shop: Shop):
    lamp, owner = await shop.product(), new_id()
    guests = await shop.cart({lamp: 1})
    with pytest.raises(CartNotFound):
        await shop.place(request(guests, opens_cart=False))
    with pytest.raises(CartNotFound):
        await shop.place(request(guests, customer_id=owner, opens_cart=False))
    owned = await shop.cart({lamp: 1}, customer_id=owner)
    with pytest.raises(CartNotFound):
        await shop.place(request(owned, opens_cart=True))
    with pytest.raises(CartNotFound):
        await shop.place(request(owned, customer_id=new_id()))
    assert placed(await shop.place(request(owned, customer_id=owner))).order.customer_id == owner
    # Nor is the answer of another's order given away.
    with pytest.raises(CartNotFound):
        await shop.place(request(owned, customer_id=new_id()))
    with pytest.raises(CartNotFound):
        await shop.place(request(PlaceOrder(cart_id=new_id(), payment_method="cod", expected_total=Money(0, "USD"))))


async def test_an_unfinished_cart_says_what_is_missing(shop: Shop):
    view, _ = await shop.contexts.carts.open_cart()(customer(None), OPEN)
    command = PlaceOrder(cart_id=view.id, payment_method="cod", expected_total=Money(0, "USD"))
    with pytest.raises(CartIncomplete) as refused:
        await shop.place(request(command))
    assert refused.value.extra == {"requirements": ["lines", "email", "address", "shipping_method"]}


async def test_an_unknown_way_to_pay(shop: Shop):
    command = await shop.cart({await shop.product(): 1})
    wrong = PlaceOrder(cart_id=command.cart_id, payment_method="magic", expected_total=command.expected_total)
    with pytest.raises(PaymentMethodNotAvailable):
        await shop.place(request(wrong))


async def test_many_carts_at_once_each_get_their_own_verdict(shop: Shop):
    lamp = await shop.product(stock=10)
    commands = [await shop.cart({lamp: 1}) for _ in range(25)]
    answers = await asyncio.gather(*(shop.place(request(command)) for command in commands), return_exceptions=True)
    assert sum(not isinstance(answer, Exception) for answer in answers) == 10
    assert sum(isinstance(answer, SoldOut) for answer in answers) == 15
    assert await shop.on_hand(lamp) == (10, 10)
    assert await shop.contexts.inventory.queries().discrepancies() == []


async def test_the_history_begins_with_who_placed_the_order(shop: Shop):
    lamp, rare = await shop.product(stock=10), await shop.product(stock=0)
    owner = new_id()
    customer = Actor(kind=ActorKind.customer, account_id=owner, request_id="r-of-the-customer")
    asked = [
        (await shop.cart({rare: 1}), Actor.anonymous("r-of-who-comes-late")),
        (await shop.cart({lamp: 1}), Actor.anonymous("r-of-a-guest")),
        (await shop.cart({lamp: 1}, customer_id=owner), customer),
    ]
    requests = [msgspec.structs.replace(request(command), actor=actor) for command, actor in asked]
    late, *answers = await asyncio.gather(*map(shop.place, requests), return_exceptions=True)
    assert isinstance(late, SoldOut)
    queries = shop.contexts.orders.queries()
    told = [
        (entry.kind, entry.actor, entry.request_id)
        for answer in answers
        for entry in await queries.timeline(placed(answer).order.id)
    ]
    assert told == [
        ("placed", "anonymous", "r-of-a-guest"),
        ("placed", f"customer:{owner}", "r-of-the-customer"),
    ]


async def test_a_guests_cart_that_became_an_order_is_never_forgotten(shop: Shop):
    lamp = await shop.product()
    ordered, waiting = await shop.cart({lamp: 1}), await shop.cart({lamp: 1})
    answer = await shop.place(request(ordered))
    carts, later = shop.contexts.carts, shop.app.infra.clock().now() + timedelta(days=400)
    async with carts.uow() as uow:
        assert await uow.carts.forget_guests(later, 100) == 1
        await uow.commit()
    assert await carts.reads().find(waiting.cart_id) is None
    again = await shop.place(request(ordered))
    assert (again.status, again.replayed, placed(again)) == (200, True, placed(answer))
