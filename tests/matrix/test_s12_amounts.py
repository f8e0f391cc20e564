"""Amounts, prices and currencies are the shop's: hostile numbers buy nothing, and no total is below zero."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from merx.kernel.ids import new_id
from merx.kernel.money import MAX_AMOUNT
from tests.infra.http.examples import structs_in, takes
from tests.infra.http.routes import routes_of
from tests.matrix.shop import BASE, Shop
from tests.support.asgi import Answer

pytestmark = pytest.mark.asyncio(loop_scope="session")

MOST = 999
HOSTILE = (
    "-1", "0", "-0", "1000", "2147483648", "9223372036854775808", "-9223372036854775809", "1" + "0" * 400, "1.0", "1.5",
    "1e2", "1E2", "1e400", "-1e400", "5e-324", "1e-1", "NaN", "Infinity", "-Infinity", "0x10", "01", "+1", "1_0",
    "\uff11", '"5"', '"1e2"', "true", "null", "[1]", "{}", '{"amount":1}', "", " ", "1 1", "1,",
)  # fmt: skip
CURRENCIES = ("USD", "USD", "usd", "EUR", "INR", "XXX", "US", "", "\u0130SD", "USD\\n")
# JSON texts, so that nothing tidies up what is sent.
NUMBERS = st.one_of(
    st.sampled_from(HOSTILE),
    st.integers(-5, 1005).map(str),
    st.integers().map(str),
    st.floats().map(repr),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.text(max_size=3).map(lambda text: msgspec.json.encode(text).decode()),
)
# The only numbers that customers send; each is in a property below.
ATTACKED = {
    "POST /api/v1/carts/{cart_id}/lines quantity",
    "PATCH /api/v1/carts/{cart_id}/lines/{line_id} quantity",
    "POST /api/v1/orders expected_total.amount",
}


async def _sent(shop: Shop, method: str, path: str, body: str) -> Answer:
    headers = shop.owner.headers | {"content-type": "application/json", "idempotency-key": new_id().hex}
    return await shop.client.request(method, BASE + path, headers=headers, body=body.encode())


def _meant(text: str) -> int | None:
    """The quantity that a shop may take this for."""
    return int(text) if text.isascii() and text.isdigit() and not text.startswith("0") and int(text) <= MOST else None


async def test_s12_every_number_that_customers_send_is_attacked(shop: Shop):
    found = set()
    for route in routes_of(shop.api):
        if route.rule.name == "staff" or route.body is None or route.raw:
            continue
        for place, _, fields in structs_in(route.body):
            for field in fields:
                if takes(field.type, inspect.IntType | inspect.FloatType | inspect.DecimalType):
                    found.add(f"{route} {'.'.join(map(str, (*place.steps, field.encode_name)))}")
    assert found == ATTACKED


@given(edits=st.lists(st.tuples(st.sampled_from(["POST", "PATCH"]), NUMBERS), min_size=1, max_size=6))
async def test_s12_hostile_quantities_never_change_what_a_unit_costs(shop: Shop, edits: list[tuple[str, str]]):
    start = shop.memory.state()
    try:
        path = f"/carts/{shop.owner.cart['id']}"
        expected = shop.owner.cart["lines"][0]["quantity"]
        for method, text in edits:
            before = shop.memory.fingerprint()
            body = f'{{"quantity":{text}}}'
            if method == "POST":
                body = f'{{"variant_id":"{shop.catalogue["variant"]}","quantity":{text}}}'
            place = f"{path}/lines" if method == "POST" else f"{path}/lines/{shop.owner.line_id}"
            answer = await _sent(shop, method, place, body)
            wanted = _meant(text)
            total = None if wanted is None else wanted + (expected if method == "POST" else 0)
            if total is not None and total <= MOST:
                assert answer.status < 300, (text, answer.body)
                expected = total
            else:
                # A number that is too much with what is there already is refused by a rule, all others as no number.
                assert answer.status in ((409, 422) if total is not None else (400,)), (text, answer.status)
                assert shop.memory.fingerprint() == before
            _right(await shop.call("GET", path, None, shop.owner.headers), expected)
    finally:
        shop.memory.restore(start)


def _right(cart: dict[str, Any], quantity: int) -> None:
    (line,) = cart["lines"]
    assert (line["quantity"], line["unit_price"]) == (quantity, {"amount": 20_00, "currency": "USD"})
    assert line["line_total"]["amount"] == cart["items_total"]["amount"] == 20_00 * quantity
    assert cart["total"]["amount"] == cart["items_total"]["amount"] + cart["shipping"]["price"]["amount"] >= 0


@given(amount=NUMBERS, currency=st.sampled_from(CURRENCIES))
async def test_s12_no_total_is_agreed_to_but_the_shops(shop: Shop, amount: str, currency: str):
    start, cart = shop.memory.state(), shop.owner.cart
    try:
        before = shop.memory.fingerprint()
        body = (
            f'{{"cart_id":"{cart["id"]}","payment_method":"cod",'
            f'"expected_total":{{"amount":{amount},"currency":"{currency}"}}}}'
        )
        answer = await _sent(shop, "POST", "/orders", body)
        if amount == str(cart["total"]["amount"]) and currency == "USD":
            assert answer.json()["order"]["total"] == cart["total"]
        else:
            assert answer.status in (400, 409, 422), (amount, answer.status, answer.body)
            assert shop.memory.fingerprint() == before
    finally:
        shop.memory.restore(start)


async def test_s12_prices_and_discounts_in_a_body_are_refused(shop: Shop):
    path = f"/carts/{shop.owner.cart['id']}/lines"
    before = shop.memory.fingerprint()
    for field in ("price", "unit_price", "discount", "seen_price", "line_total", "currency", "tax"):
        for value in (1, -1, {"amount": 1, "currency": "USD"}):
            body = {"variant_id": shop.catalogue["variant"], "quantity": 1, field: value}
            answer = await _sent(shop, "POST", path, msgspec.json.encode(body).decode())
            assert (answer.status, answer.json()["errors"]) == (400, [{"field": field, "message": "is unknown"}])
    assert shop.memory.fingerprint() == before


async def test_s12_the_largest_amounts_add_up_exactly(shop: Shop):
    start = shop.memory.state()
    dear = {"sku": "GOLD", "price": {"amount": MAX_AMOUNT, "currency": "USD"}}
    product = await shop.call("POST", "/products", {"name": "Gold", "variants": [dear]})
    await shop.call("POST", f"/products/{product['id']}/publish")
    path = f"/carts/{shop.owner.cart['id']}"
    body = {"variant_id": product["variants"][0]["id"], "quantity": MOST}
    await shop.call("POST", f"{path}/lines", body, shop.owner.headers)
    answer = await shop.call("GET", path, None, shop.owner.headers)
    assert answer["items_total"]["amount"] == MOST * MAX_AMOUNT + 40_00
    shop.memory.restore(start)
