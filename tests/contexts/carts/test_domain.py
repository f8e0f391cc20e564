"""What a cart allows."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.contexts.carts.api import CartStatus
from merx.contexts.carts.domain.cart import MAX_ATTEMPTS, MAX_LINES, MAX_QUANTITY, Attempt, Cart, CartLine
from merx.contexts.carts.domain.errors import (
    CartClosed,
    LineNotFound,
    NotOnSale,
    OtherCurrency,
    QuantityLimit,
    TooManyLines,
    UnknownVariant,
)
from merx.contexts.carts.domain.merge import Added, Capped, Dropped, merge
from merx.contexts.carts.domain.offer import Offer, ShippingOffer
from merx.contexts.carts.usecases.screen import compose
from merx.kernel.address import Address
from merx.kernel.errors import KeyReused
from merx.kernel.ids import new_id
from merx.kernel.money import Money

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ADDRESS = Address(name="Ada", line1="1 Street", city="Town", country="US")


def cart(**fields):
    return Cart(id=new_id(), currency="USD", created_at=NOW, updated_at=NOW, **fields)


def offer(price=10_00, currency="USD", on_sale=True, available=50):
    return Offer(new_id(), new_id(), "Lamp", "lamp", "L1", {}, Money(price, currency), on_sale, available, 100)


def filled(*offers, quantity=1):
    made = cart()
    for item in offers:
        made.add(item, quantity)
    return made


def test_same_variant_adds_up_and_sees_the_new_price():
    lamp = offer()
    made = filled(lamp, quantity=2)
    made.add(msgspec.structs.replace(lamp, price=Money(12_00, "USD")), 3)
    (line,) = made.lines
    assert (line.quantity, line.seen_price) == (5, 12_00)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (None, UnknownVariant),
        (offer(on_sale=False), NotOnSale),
        (offer(currency="INR"), OtherCurrency),
    ],
)
def test_what_is_not_sold_here_is_refused(wrong, error):
    made = cart()
    with pytest.raises(error):
        made.add(wrong, 1)
    assert made.lines == []


def test_limits():
    lamp = offer()
    made = filled(lamp, quantity=MAX_QUANTITY)
    with pytest.raises(QuantityLimit) as refused:
        made.add(lamp, 1)
    assert refused.value.extra == {"limit": MAX_QUANTITY, "quantity": MAX_QUANTITY}
    full = filled(*(offer() for _ in range(MAX_LINES)))
    with pytest.raises(TooManyLines):
        full.add(offer(), 1)
    assert len(full.lines) == MAX_LINES


def test_less_of_something_no_longer_sold_is_fine_more_is_not():
    lamp = offer()
    made = filled(lamp, quantity=3)
    line = made.lines[0].id
    gone = msgspec.structs.replace(lamp, on_sale=False, price=Money(1, "USD"))
    made.change(line, 2, gone)
    made.change(line, 2, None)
    assert (made.lines[0].quantity, made.lines[0].seen_price) == (2, 10_00)
    with pytest.raises(NotOnSale):
        made.change(line, 3, gone)
    with pytest.raises(LineNotFound):
        made.change(new_id(), 1, lamp)


def test_a_cart_remembers_the_latest_attempts():
    made = cart()
    attempts = [Attempt(key=str(n), fingerprint="x") for n in range(MAX_ATTEMPTS + 5)]
    assert all(made.first_time(attempt) for attempt in attempts)
    assert len(made.attempts) == MAX_ATTEMPTS
    assert not any(made.first_time(attempt) for attempt in attempts[5:])
    with pytest.raises(KeyReused):
        made.first_time(Attempt(key="9", fingerprint="y"))


@pytest.mark.parametrize("status", [CartStatus.completed, CartStatus.merged])
def test_a_closed_cart_refuses_everything(status):
    lamp = offer()
    made = filled(lamp)
    made.status = status
    option = ShippingOffer(new_id(), "s", "S", Money(1, "USD"), 1, 2)
    for change in (
        lambda: made.add(lamp, 1),
        lambda: made.change(made.lines[0].id, 1, lamp),
        lambda: made.remove(made.lines[0].id),
        lambda: made.deliver_to("a@example.com", ADDRESS),
        lambda: made.ship_with(option),
        lambda: merge(made, cart(), {}),
        lambda: merge(cart(), made, {}),
    ):
        with pytest.raises(CartClosed):
            change()


def test_merge_adds_caps_and_drops():
    plenty, scarce, over, sold_out, withdrawn, gone, unseen = (offer() for _ in range(7))
    scarce = msgspec.structs.replace(scarce, available=5)
    over = msgspec.structs.replace(over, available=10_000)
    sold_out = msgspec.structs.replace(sold_out, available=0)
    guest = filled(plenty, scarce, over, sold_out, withdrawn, gone, unseen, quantity=4)
    own = filled(plenty, scarce, quantity=2)
    own.add(over, MAX_QUANTITY - 1)
    offers = {item.variant_id: item for item in (plenty, scarce, over, sold_out)}
    offers[withdrawn.variant_id] = msgspec.structs.replace(withdrawn, on_sale=False)
    offers[gone.variant_id] = None

    result = merge(guest, own, offers)

    assert {line.variant_id: line.quantity for line in own.lines} == {
        plenty.variant_id: 6,
        scarce.variant_id: 5,
        over.variant_id: MAX_QUANTITY,
        unseen.variant_id: 4,
    }
    assert result.added == [Added(plenty.variant_id, 4), Added(unseen.variant_id, 4)]
    assert result.capped == [Capped(scarce.variant_id, 4, 3), Capped(over.variant_id, 4, 1)]
    assert result.dropped == [
        Dropped(sold_out.variant_id, 4, "out_of_stock"),
        Dropped(withdrawn.variant_id, 4, "not_on_sale"),
        Dropped(gone.variant_id, 4, "not_on_sale"),
    ]
    assert (guest.status, guest.merged_into) == (CartStatus.merged, own.id)


def test_merge_never_takes_away_from_the_own_cart():
    lamp = offer(available=1)
    own = filled(lamp, quantity=3)
    result = merge(filled(lamp), own, {lamp.variant_id: lamp})
    assert own.lines[0].quantity == 3
    assert result.capped == [Capped(lamp.variant_id, 1, 0)]


def test_merge_drops_what_a_full_cart_cannot_hold():
    own = filled(*(offer() for _ in range(MAX_LINES)))
    extra = offer()
    result = merge(filled(extra), own, {extra.variant_id: extra})
    assert result.dropped == [Dropped(extra.variant_id, 1, "too_many_lines")]


def test_merge_fills_in_address_and_email_but_replaces_nothing():
    guest, own = cart(email="guest@example.com", address=ADDRESS), cart(email="own@example.com")
    merge(guest, own, {})
    assert (own.email, own.address, own.shipping) == ("own@example.com", ADDRESS, None)
    choices = [ShippingOffer(new_id(), name, name, Money(1, "USD"), 1, 2) for name in ("slow", "fast")]
    guest, own, other = cart(), cart(), cart()
    guest.ship_with(choices[0])
    merge(guest, own, {})
    assert own.shipping is not None
    assert own.shipping.method_id == choices[0].method_id
    other.ship_with(choices[1])
    merge(other, own, {})
    assert own.shipping.method_id == choices[0].method_id


@given(
    lines=st.lists(st.tuples(st.integers(1, 999), st.integers(0, 10**9)), max_size=20),
    shipping=st.none() | st.integers(0, 10**6),
)
def test_total_is_the_exact_sum_of_what_is_shown(lines, shipping):
    made = cart(address=ADDRESS, email="a@example.com")
    offers = {}
    for quantity, price in lines:
        item = offer(price)
        offers[item.variant_id] = item
        made.lines.append(CartLine(id=new_id(), variant_id=item.variant_id, quantity=quantity, seen_price=price))
    quoted = []
    if shipping is not None:
        quoted = [ShippingOffer(new_id(), "s", "S", Money(shipping, "USD"), 1, 2)]
        made.ship_with(quoted[0])
    view = compose(made, offers, dict.fromkeys(offers, 999), quoted)
    assert view.items_total.amount == sum(line.line_total.amount for line in view.lines)
    assert view.total.amount == view.items_total.amount + (shipping or 0)
    assert view.problems == []
    assert ("lines" in view.requirements) == (not lines)
    assert ("shipping_method" in view.requirements) == (shipping is None)


def test_s37_an_email_has_one_form_however_its_letters_were_typed():
    """Else the orders of a guest would not be found, and not be erased, with the account that she makes later."""
    made = cart()
    for typed in ("Jose\u0301@example.com", "Jos\u00e9@example.com"):
        made.deliver_to(typed, ADDRESS)
        assert made.email == "Jos\u00e9@example.com"
