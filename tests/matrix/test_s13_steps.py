"""Steps come in their order and none is skipped: every action in every state that an order or a cart can reach."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from merx.contexts.orders.domain.order import ChosenShipping, Line, Order
from merx.contexts.orders.domain.states import TRANSITIONS as ORDER_TRANSITIONS
from merx.contexts.orders.domain.states import Status
from merx.contexts.payments.domain.payment import TRANSITIONS as PAYMENT_TRANSITIONS
from merx.contexts.payments.domain.payment import Payment, PaymentState
from merx.kernel.address import Address
from merx.kernel.errors import Conflict
from merx.kernel.ids import new_id
from merx.kernel.money import Money
from tests.matrix.shop import BASE, Shop
from tests.matrix.store import State
from tests.support.asgi import Answer

pytestmark = pytest.mark.asyncio(loop_scope="session")
NOW = datetime(2026, 5, 1, tzinfo=UTC)

# What is allowed, as order / parcels / payment. Whatever is not here is refused. Paying and sending are two roads:
# a courier's receipt may come before the parcel is booked as delivered.
LEGAL: dict[str, dict[str, str]] = {
    "placed unfulfilled pending": {
        "cancel": "cancelled unfulfilled voided",
        "ship": "placed fulfilled pending",
        "ship one": "placed partial pending",
        "collect": "placed unfulfilled captured",
    },
    "placed unfulfilled captured": {
        "cancel": "cancelled unfulfilled captured",
        "ship": "placed fulfilled captured",
        "ship one": "placed partial captured",
    },
    "placed partial pending": {
        "cancel": "placed fulfilled pending",
        "ship": "placed fulfilled pending",
        "ship one": "placed fulfilled pending",
        "deliver": "placed partial pending",
        "collect": "placed partial captured",
    },
    "placed partial captured": {
        "cancel": "placed fulfilled captured",
        "ship": "placed fulfilled captured",
        "ship one": "placed fulfilled captured",
        "deliver": "placed partial captured",
    },
    "placed fulfilled pending": {"deliver": "placed delivered pending", "collect": "placed fulfilled captured"},
    "placed fulfilled captured": {"deliver": "completed delivered captured"},
    "placed delivered pending": {"collect": "completed delivered captured"},
    "completed delivered captured": {},
    "cancelled unfulfilled voided": {},
    "cancelled unfulfilled captured": {},
}


class Till:
    """One order of the owner, and what can be asked of it."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.order = shop.owner.order
        self.path = f"{BASE}/orders/{self.order['id']}"
        self.actions: dict[str, Callable[[], Awaitable[Answer]]] = {
            "cancel": lambda: self._post(f"{self.path}/cancel", {}, shop.owner.headers),
            "ship": lambda: self._post(f"{self.path}/shipments", {"carrier": "DHL"}),
            "ship one": lambda: self._post(f"{self.path}/shipments", self._one()),
            "deliver": self._deliver,
            "collect": self._collect,
        }

    async def state(self) -> str:
        order = await self._read()
        payment = await self.shop.call("GET", f"/payments/{order['payment_id']}")
        return f"{order['status']} {order['fulfilment_status']} {payment['state']}"

    async def _read(self) -> dict[str, Any]:
        found: dict[str, Any] = await self.shop.call("GET", f"/orders/{self.order['id']}")
        return found

    async def _post(self, target: str, body: Any, headers: dict[str, str] | None = None) -> Answer:
        headers = (headers or self.shop.root) | {"idempotency-key": new_id().hex}
        return await self.shop.send("POST", target, body, headers)

    def _one(self) -> dict[str, Any]:
        return {"carrier": "DHL", "lines": [{"line_id": self.order["lines"][0]["id"], "quantity": 1}]}

    async def _deliver(self) -> Answer:
        """The first parcel on its way; the last one again when all have arrived; one that never was."""
        shipments = (await self._read())["shipments"] or [{"id": str(new_id()), "delivered_at": None}]
        shipment = next((each for each in shipments if each["delivered_at"] is None), shipments[-1])
        return await self._post(f"{self.path}/shipments/{shipment['id']}/deliver", None)

    async def _collect(self) -> Answer:
        payment = await self.shop.call("GET", f"/payments/{self.order['payment_id']}")
        body = {"payment_id": payment["id"], "amount": payment["amount"], "reference": new_id().hex}
        return await self._post(f"{BASE}/payments/cod/collections", body)


async def test_s13_every_illegal_step_of_an_order_is_refused_and_changes_nothing(shop: Shop):
    till = Till(shop)
    start = shop.memory.state()
    reached: dict[str, State] = {await till.state(): start}
    legal: dict[str, dict[str, str]] = {}
    wrong = []
    for name in _growing(reached):
        legal[name] = {}
        for action, act in till.actions.items():
            shop.memory.restore(reached[name])
            before = shop.memory.fingerprint()
            answer = await act()
            if answer.status < 300:
                await shop.settle()
                after = await till.state()
                legal[name][action] = after
                reached.setdefault(after, shop.memory.state())
            elif shop.memory.fingerprint() != before:
                wrong.append(f"{action} of {name}: {answer.status} and a change")
            # A parcel that never was cannot be found, which is no conflict.
            elif answer.status != 409 and answer.slug != "orders.shipment-not-found":
                wrong.append(f"{action} of {name}: {answer.status} {answer.slug}")
    shop.memory.restore(start)
    assert wrong == []
    assert legal == LEGAL


def _growing(reached: dict[str, State]):
    """Every state, those too that are found on the way."""
    seen: set[str] = set()
    while left := [name for name in reached if name not in seen]:
        seen.add(left[0])
        yield left[0]


async def test_s13_what_is_legal_is_in_the_tables_of_the_domain():
    for before, actions in LEGAL.items():
        status, _, payment = before.split()
        for after in actions.values():
            new_status, _, new_payment = after.split()
            assert new_status == status or new_status in ORDER_TRANSITIONS[Status(status)]
            assert new_payment == payment or new_payment in PAYMENT_TRANSITIONS[PaymentState(payment)]


CHECKOUT_NEEDS = ["lines", "address", "shipping"]


async def test_s13_no_step_before_checkout_can_be_left_out(shop: Shop):
    """Every subset of the steps but the whole one; then the cart is closed for ever."""
    start = shop.memory.state()
    person = shop.stranger
    for steps in range(2 ** len(CHECKOUT_NEEDS)):
        shop.memory.restore(start)
        done = [name for bit, name in enumerate(CHECKOUT_NEEDS) if steps & 1 << bit]
        cart = await shop.call("POST", "/carts", None, {"x": "y"})
        headers = {"x-cart-token": cart["token"]}
        path = f"/carts/{cart['id']}"
        if "lines" in done:
            await shop.call("POST", f"{path}/lines", {"variant_id": shop.catalogue["variant"]}, headers)
        if "address" in done:
            await shop.call("PUT", f"{path}/address", {"email": person.email, "address": person.address}, headers)
        if "shipping" in done:
            choice = await shop.send("PUT", f"{BASE}{path}/shipping", {"method_id": person.method_id}, headers)
            assert choice.status == (200 if "address" in done else 409), choice.body
        cart = await shop.call("GET", path, None, headers)
        body = {"cart_id": cart["id"], "payment_method": "cod", "expected_total": cart["total"] or cart["items_total"]}
        placed = await shop.send("POST", f"{BASE}/orders", body, headers | {"idempotency-key": new_id().hex})
        if len(done) == len(CHECKOUT_NEEDS):
            assert placed.status == 201, placed.body
            closed = [
                await shop.send("POST", f"{BASE}{path}/lines", {"variant_id": shop.catalogue["variant"]}, headers),
                await shop.send("PUT", f"{BASE}{path}/shipping", {"method_id": person.method_id}, headers),
                await shop.send("DELETE", f"{BASE}{path}/lines/{cart['lines'][0]['id']}", None, headers),
            ]
            assert [(each.status, each.slug) for each in closed] == [(409, "carts.not-active")] * 3
        else:
            assert (placed.status, placed.slug) == (409, "orders.cart-incomplete")
            missing = placed.json()["requirements"]
            assert ("lines" in missing, "address" in missing) == ("lines" not in done, "address" not in done)
            # Chosen without an address it was refused: it is still missing.
            assert ("shipping_method" in missing) == (not {"address", "shipping"} <= set(done))
    shop.memory.restore(start)


def _order(status: Status) -> Order:
    ten = Money(10, "USD")
    line = Line(
        id=new_id(), variant_id=new_id(), product_id=new_id(), sku="S", name="Lamp", options={}, quantity=1,
        unit_price=ten, line_total=ten,
    )  # fmt: skip
    return Order(
        id=new_id(), number="1", cart_id=new_id(), customer_id=None, email="a@example.com",
        address=Address(name="A", line1="1", city="B", country="US"),
        shipping=ChosenShipping(method_id=new_id(), code="s", name="S"), payment_method="cod", payment_id=new_id(),
        items_total=ten, shipping_total=ten, total=ten, created_at=NOW, updated_at=NOW, status=status, lines=[line],
    )  # fmt: skip


ORDER_MOVES: dict[str, Callable[[Order], object]] = {
    "place": lambda order: order.place(NOW),
    "cancel": lambda order: order.cancel(NOW, ""),
    "ship": lambda order: order.ship(NOW, "DHL", "", {}),
    "pay": lambda order: order.pay(NOW),
}


async def test_s13_an_order_moves_along_its_table_alone():
    for status in Status:
        for name, move in ORDER_MOVES.items():
            order = _order(status)
            before = msgspec.json.encode(order)
            try:
                move(order)
            except Conflict:
                assert msgspec.json.encode(order) == before, f"{name} of a {status} order was refused half-way"
            assert order.status is status or order.status in ORDER_TRANSITIONS[status], f"{name} of {status}"


PAYMENT_MOVES: dict[str, Callable[[Payment], object]] = {
    "collect": lambda payment: payment.collect(payment.amount, "R-1", NOW),
    "fail": lambda payment: payment.fail("no", NOW),
    "void": lambda payment: payment.void("no", NOW),
    "reduce": lambda payment: payment.reduce(Money(1, "USD"), "less", NOW),
}


async def test_s13_a_payment_moves_along_its_table_alone():
    for state in PaymentState:
        captured = 10 if PaymentState.captured not in PAYMENT_TRANSITIONS[state] else 0
        for name, move in PAYMENT_MOVES.items():
            payment = Payment(
                id=new_id(), order_id=new_id(), method="cod", state=state, amount=Money(10, "USD"), created_at=NOW,
                updated_at=NOW, captured=captured,
            )  # fmt: skip
            try:
                move(payment)
            except Conflict:
                assert (payment.state, payment.history) == (state, []), f"{name} of {state} was refused half-way"
            assert payment.state is state or payment.state in PAYMENT_TRANSITIONS[state], f"{name} of {state}"
            assert 0 <= payment.captured <= payment.amount.amount
