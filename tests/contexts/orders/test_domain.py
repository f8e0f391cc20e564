"""What may happen to an order, and in which order."""

from datetime import UTC, datetime

import pytest

from merx.contexts.orders.domain.errors import NotCancellable, NotDeliverable, NotShippable, UnknownLine
from merx.contexts.orders.domain.number import new_number
from merx.contexts.orders.domain.order import ChosenShipping, Line, Order
from merx.contexts.orders.domain.states import FulfilmentStatus, PaymentStatus, Status
from merx.kernel.address import Address
from merx.kernel.ids import new_id
from merx.kernel.money import Money

NOW = datetime(2026, 5, 1, tzinfo=UTC)
ADDRESS = Address(name="Ada", line1="1 Market Street", city="San Francisco", country="US")


def line(quantity: int = 3) -> Line:
    price = Money(10_00, "USD")
    return Line(
        id=new_id(),
        variant_id=new_id(),
        product_id=new_id(),
        sku="S",
        name="Lamp",
        options={},
        quantity=quantity,
        unit_price=price,
        line_total=price * quantity,
    )


def order(*lines: Line) -> Order:
    items = Money(sum(item.line_total.amount for item in lines), "USD")
    made = Order(
        id=new_id(),
        number=new_number(),
        cart_id=new_id(),
        customer_id=None,
        email="ada@example.com",
        address=ADDRESS,
        shipping=ChosenShipping(method_id=new_id(), code="standard", name="Standard"),
        payment_method="cod",
        payment_id=new_id(),
        items_total=items,
        shipping_total=Money(0, "USD"),
        total=items,
        created_at=NOW,
        updated_at=NOW,
        lines=list(lines),
    )
    made.place(NOW)
    return made


def test_placing_tells_what_was_bought():
    draft = order(line(2))
    draft.status = Status.draft
    event = draft.place(NOW)
    assert (draft.status, draft.placed_at) == (Status.placed, NOW)
    assert [(item.quantity, item.line_total) for item in event.lines] == [(2, Money(20_00, "USD"))]


def test_cancel_calls_everything_off():
    lamps, chairs = line(3), line(1)
    made = order(lamps, chairs)
    event = made.cancel(NOW, "changed my mind")
    assert (made.status, made.payment_status) == (Status.cancelled, PaymentStatus.voided)
    assert event.whole
    assert event.quantities == {lamps.variant_id: 3, chairs.variant_id: 1}
    with pytest.raises(NotCancellable):
        made.cancel(NOW, "again")
    with pytest.raises(NotShippable):
        made.ship(NOW, "DHL", "", {})


def test_cancel_after_a_parcel_left_keeps_what_was_sent():
    lamps = line(3)
    made = order(lamps)
    made.ship(NOW, "DHL", "1", {lamps.id: 1})
    event = made.cancel(NOW, "")
    assert (made.status, event.whole, event.quantities) == (Status.placed, False, {lamps.variant_id: 2})
    assert made.fulfilment_status is FulfilmentStatus.fulfilled
    with pytest.raises(NotCancellable):
        made.cancel(NOW, "")


def test_parcels_go_in_parts():
    lamps, chairs = line(3), line(1)
    made = order(lamps, chairs)
    first = made.ship(NOW, "DHL", "1", {lamps.id: 2})
    assert (first.quantities, made.fulfilment_status) == ({lamps.variant_id: 2}, FulfilmentStatus.partial)
    with pytest.raises(NotShippable):
        made.ship(NOW, "DHL", "2", {lamps.id: 2})
    with pytest.raises(UnknownLine):
        made.ship(NOW, "DHL", "2", {new_id(): 1})
    second = made.ship(NOW, "DHL", "2", {})
    assert second.quantities == {lamps.variant_id: 1, chairs.variant_id: 1}
    assert made.fulfilment_status is FulfilmentStatus.fulfilled
    with pytest.raises(NotShippable):
        made.ship(NOW, "DHL", "3", {})


def test_delivered_and_paid_completes():
    made = order(line())
    made.ship(NOW, "DHL", "1", {})
    made.deliver(made.shipments[0].id, NOW)
    assert (made.status, made.fulfilment_status) == (Status.placed, FulfilmentStatus.delivered)
    with pytest.raises(NotDeliverable):
        made.deliver(made.shipments[0].id, NOW)
    made.pay(NOW)
    assert (made.status, made.payment_status) == (Status.completed, PaymentStatus.paid)
    with pytest.raises(NotCancellable):
        made.cancel(NOW, "")


def test_numbers_are_readable_and_do_not_repeat():
    numbers = {new_number() for _ in range(10_000)}
    assert len(numbers) == 10_000
    assert all(len(number) == 12 and set("AEIOUL01") & set(number) == set() for number in numbers)
