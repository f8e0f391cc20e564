"""What follows from an order elsewhere, and what orders hear from others."""

import pytest

from merx.contexts.orders.domain.states import PaymentStatus, Status
from merx.contexts.orders.usecases.commands import CancelOrder, NoteOnOrder, ShipOrder, ShippedLine
from merx.contexts.payments.domain.errors import WrongState
from merx.contexts.payments.domain.payment import PaymentState
from merx.contexts.payments.usecases.collect import CollectCash
from merx.kernel.actor import Actor
from merx.kernel.money import Money
from tests.contexts.orders.conftest import Shop

STAFF = Actor.system()


async def test_shipping_takes_the_goods_off_the_shelf(shop: Shop):
    lamp = await shop.product(stock=10)
    made = await shop.order({lamp: 3})
    assert await shop.on_hand(lamp) == (10, 3)
    await shop.contexts.orders.ship_order()(STAFF, made.order.id, ShipOrder(carrier="DHL", tracking_number="42"))
    await shop.drain()
    assert await shop.on_hand(lamp) == (7, 0)
    assert await shop.contexts.inventory.queries().discrepancies() == []
    view = await shop.contexts.orders.queries().order(made.order.id)
    assert [(item.carrier, item.tracking_number) for item in view.shipments] == [("DHL", "42")]
    await shop.contexts.orders.ship_order().deliver(STAFF, made.order.id, view.shipments[0].id)
    await shop.contexts.orders.ship_order().note(STAFF, made.order.id, NoteOnOrder(note="left with a neighbour"))
    entries = await shop.contexts.orders.queries().timeline(made.order.id)
    assert [entry.kind for entry in entries] == ["placed", "shipped", "delivered", "note"]


async def test_cancelling_gives_the_goods_back_and_asks_for_no_money(shop: Shop):
    lamp = await shop.product(stock=10)
    made = await shop.order({lamp: 3})
    cancel = shop.contexts.orders.cancel_order()
    await cancel(Actor.anonymous(), made.order.id, CancelOrder(reason="too late"), opens_order=True)
    await shop.drain()
    assert await shop.on_hand(lamp) == (10, 0)
    payment = await shop.contexts.payments.queries().payment(made.order.payment_id)
    assert payment.state is PaymentState.voided


async def test_after_a_partial_cancel_less_is_due(shop: Shop):
    lamp = await shop.product(price=20_00)
    made = await shop.order({lamp: 4})
    line = made.order.lines[0].id
    ship = ShipOrder(carrier="DHL", lines=[ShippedLine(line_id=line, quantity=3)])
    await shop.contexts.orders.ship_order()(STAFF, made.order.id, ship)
    await shop.contexts.orders.cancel_order()(STAFF, made.order.id, CancelOrder(), opens_order=False)
    await shop.drain()
    due = made.order.total - Money(20_00, "USD")
    payment = await shop.contexts.payments.queries().payment(made.order.payment_id)
    assert (payment.state, payment.amount) == (PaymentState.pending, due)
    cash = CollectCash(payment_id=payment.id, amount=due, reference="r-1")
    await shop.contexts.payments.collect_cash()(Actor.system(), cash)
    assert (await shop.contexts.payments.queries().payment(payment.id)).captured == due.amount


async def test_cash_for_a_cancelled_order_is_refused(shop: Shop):
    made = await shop.order({await shop.product(): 1})
    await shop.contexts.orders.cancel_order()(STAFF, made.order.id, CancelOrder(), opens_order=False)
    await shop.drain()
    with pytest.raises(WrongState):
        await shop.contexts.payments.collect_cash()(
            Actor.system(), CollectCash(payment_id=made.order.payment_id, amount=made.order.total, reference="r-1")
        )


async def test_collected_cash_pays_the_order_once(shop: Shop):
    lamp = await shop.product()
    made = await shop.order({lamp: 1})
    cash = CollectCash(payment_id=made.order.payment_id, amount=made.order.total, reference="r-1")
    await shop.contexts.payments.collect_cash()(Actor.system(), cash)
    await shop.contexts.payments.collect_cash()(Actor.system(), cash)
    await shop.drain()
    view = await shop.contexts.orders.queries().order(made.order.id)
    assert (view.status, view.payment_status) == (Status.placed, PaymentStatus.paid)
    entries = await shop.contexts.orders.queries().timeline(made.order.id)
    assert [entry.kind for entry in entries] == ["placed", "paid"]


async def test_the_catalogue_shows_what_is_left(shop: Shop):
    lamp = await shop.product(stock=3)
    await shop.drain()
    await shop.order({lamp: 2})
    await shop.drain()
    assert (await shop.contexts.catalog.api().variants([lamp]))[lamp].available == 1
