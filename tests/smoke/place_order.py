"""Buys something from a running shop over HTTP, as a guest who pays on delivery.

    python tests/smoke/place_order.py http://127.0.0.1:8000

Standard library only. Prints each step; on a surprise prints what came and exits with 1.
"""

import http.client
import json
import sys
import time
import uuid
from typing import Any
from urllib.parse import quote, urlsplit

EMAIL = "guest@example.com"
ADDRESS = {
    "name": "Ada Guest",
    "line1": "1 Market Street",
    "city": "San Francisco",
    "region": "CA",
    "postal_code": "94105",
    "country": "US",
    "phone": "+1 415 555 0100",
}


class Surprise(Exception):
    """The shop did something else than promised."""


class Shop:
    def __init__(self, base: str) -> None:
        parts = urlsplit(base)
        self._connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port or 80, timeout=15)

    def ask(self, method: str, path: str, body: Any = None, expect: int = 200, **headers: str) -> Any:
        sent = {name.replace("_", "-"): value for name, value in headers.items() if value}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        self._connection.request(method, f"/api/v1{path}", data, sent)
        answer = self._connection.getresponse()
        text = answer.read().decode(errors="replace")
        if answer.status != expect:
            raise Surprise(f"{method} {path} answered {answer.status} instead of {expect}:\n{text}")
        return json.loads(text) if text else None


def place_order(base: str) -> dict[str, Any]:
    """Raises Surprise. Returns the order as the shop shows it to the guest."""
    shop = Shop(base)
    tree = shop.ask("GET", "/categories")
    told(f"{len(items(tree))} top categories")
    product, variant = choose(shop)
    told(f"chosen: {product['name']}, {money(variant['price'])}, {variant['available']} available")

    cart = shop.ask("POST", "/carts", {}, 201, Idempotency_Key=fresh())
    key = {"X_Cart_Token": cart["token"]}
    here = f"/carts/{cart['id']}"
    cart = shop.ask(
        "POST", f"{here}/lines", {"variant_id": variant["id"], "quantity": 2}, 201, **key, Idempotency_Key=fresh()
    )
    told(f"cart {cart['id']}: {len(cart['lines'])} line, {money(cart['items_total'])}")
    shop.ask("PUT", f"{here}/address", {"email": EMAIL, "address": ADDRESS}, **key)
    options = items(shop.ask("GET", f"{here}/shipping-options", **key))
    if not options:
        raise Surprise("nothing is shipped to the address")
    cart = shop.ask("PUT", f"{here}/shipping", {"method_id": options[0]["method_id"]}, **key)
    told(f"shipping: {options[0]['name']}, {money(options[0]['price'])}; to pay {money(cart['total'])}")
    if cart["requirements"] or cart["problems"]:
        raise Surprise(f"the cart is not ready: {cart['requirements']} {cart['problems']}")

    checkout = {"cart_id": cart["id"], "payment_method": "cod", "expected_total": cart["total"]}
    once = fresh()
    placed = shop.ask("POST", "/orders", checkout, 201, **key, Idempotency_Key=once)
    again = shop.ask("POST", "/orders", checkout, 201, **key, Idempotency_Key=once)
    if again != placed:
        raise Surprise(f"the same key answered differently:\n{placed}\n{again}")
    bought = placed["order"]
    told(f"order {bought['number']}: {bought['status']}")
    order: dict[str, Any] = shop.ask("GET", f"/orders/{bought['id']}", X_Order_Token=placed["token"])
    if order["total"] != cart["total"] or order["number"] != bought["number"]:
        raise Surprise(f"the order is not what was in the cart:\n{cart}\n{order}")
    shop.ask("GET", f"/orders/{bought['id']}", expect=404, X_Order_Token="a" * 43)
    left = until_stock_is(shop, product["slug"], variant["id"], variant["available"] - 2)
    told(f"read back with its token: {money(order['total'])}; {left} left in stock")
    return order


def choose(shop: Shop) -> tuple[dict[str, Any], dict[str, Any]]:
    """A product and a variant with two in stock. A new shop hears of its stock a moment after it opens."""
    deadline = time.monotonic() + 20
    while True:
        for found in shop.ask("GET", "/products?limit=20&in_stock=true")["items"]:
            product = shop.ask("GET", f"/products/{quote(found['slug'])}")
            for variant in product["variants"]:
                if variant["available"] >= 2:
                    return product, variant
        if time.monotonic() > deadline:
            raise Surprise("no product of the first page can be bought twice")
        time.sleep(0.2)


def until_stock_is(shop: Shop, slug: str, variant_id: str, expected: int) -> int:
    """The catalogue hears of the sale through an event, so within moments."""
    deadline = time.monotonic() + 10
    while True:
        variants = items(shop.ask("GET", f"/products/{quote(slug)}/variants"))
        left = int(next(v for v in variants if v["id"] == variant_id)["available"])
        if left == expected:
            return left
        if time.monotonic() > deadline:
            raise Surprise(f"{left} are shown as available ten seconds after the sale, and {expected} should be")
        time.sleep(0.1)


def items(answer: Any) -> list[Any]:
    return list(answer["items"] if isinstance(answer, dict) else answer)


def money(value: dict[str, Any]) -> str:
    return f"{value['amount'] / 100:,.2f} {value['currency']}"


def fresh() -> str:
    return str(uuid.uuid4())


def told(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    try:
        place_order(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000")
    except (Surprise, OSError, http.client.HTTPException, KeyError) as error:
        print(f"place_order: {type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(1)
