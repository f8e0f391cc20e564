"""Carts as a client meets them, behind the real frame."""

import uuid

import pytest

from merx.kernel.actor import ActorKind
from merx.kernel.ids import new_id
from tests.contexts.carts.conftest import EMAIL

BASE = "/api/v1/carts"
ADDRESS = {
    "name": "Ada",
    "line1": "1 Market Street",
    "city": "San Francisco",
    "country": "US",
    "region": "CA",
    "postal_code": "94105",
}


async def guest(client):
    """A fresh guest cart: its address and the header that opens it."""
    made = await client.post(BASE, json={})
    assert made.status == 201
    return f"{BASE}/{made.json()['id']}", {"x-cart-token": made.json()["token"]}


async def test_a_guest_fills_a_cart(client, memory_shop):
    lamp = memory_shop.catalogue.sell()
    here, key = await guest(client)
    added = await client.post(f"{here}/lines", json={"variant_id": str(lamp), "quantity": 2}, headers=key)
    assert added.status == 201
    assert added.header("content-type") == "application/json"
    assert added.header("cache-control") == "no-store"
    cart = added.json()
    line = cart["lines"][0]
    assert line == {
        "id": line["id"],
        "variant_id": str(lamp),
        "product_id": line["product_id"],
        "product_name": "Lamp",
        "product_slug": "lamp",
        "sku": "SKU-Lamp",
        "options": {"colour": "red"},
        "quantity": 2,
        "unit_price": {"amount": 1000, "currency": "USD"},
        "line_total": {"amount": 2000, "currency": "USD"},
        "available": 50,
    }
    assert {key: value for key, value in cart.items() if key not in ("id", "lines")} == {
        "currency": "USD",
        "status": "active",
        "version": 2,
        "items_total": {"amount": 2000, "currency": "USD"},
        "shipping": None,
        "total": {"amount": 2000, "currency": "USD"},
        "email": None,
        "address": None,
        "problems": [],
        "requirements": ["email", "address", "shipping_method"],
    }

    changed = await client.request("PATCH", f"{here}/lines/{line['id']}", json={"quantity": 3}, headers=key)
    assert (changed.status, changed.json()["items_total"]["amount"]) == (200, 3000)
    placed = await client.request("PUT", f"{here}/address", json={"email": EMAIL, "address": ADDRESS}, headers=key)
    assert (placed.status, placed.json()["address"]["city"]) == (200, "San Francisco")
    options = (await client.get(f"{here}/shipping-options", headers=key)).json()
    assert options["next"] is None
    assert options["items"][0]["price"] == {"amount": 500, "currency": "USD"}
    method = options["items"][0]["method_id"]
    chosen = await client.request("PUT", f"{here}/shipping", json={"method_id": method}, headers=key)
    assert chosen.json()["shipping"]["method"]["code"] == "standard"
    assert chosen.json()["total"]["amount"] == 3500
    assert chosen.json()["requirements"] == []
    assert (await client.get(here, headers=key)).body == chosen.body
    removed = await client.request("DELETE", f"{here}/lines/{line['id']}", headers=key)
    assert (removed.status, removed.json()["lines"]) == (200, [])


async def test_a_cart_without_a_body_and_in_a_currency(client):
    assert (await client.post(BASE)).json()["currency"] == "USD"
    assert (await client.post(BASE, json={"currency": "INR"})).json()["currency"] == "INR"
    refused = await client.post(BASE, json={"currency": "QQQ"})
    assert (refused.status, refused.slug) == (422, "money.unknown-currency")


async def test_a_customer_has_one_cart_and_no_token(client, memory_shop):
    me = memory_shop.bearer()
    assert (await client.get(f"{BASE}/current", headers=me)).slug == "carts.not-found"
    made = await client.post(BASE, json={}, headers=me)
    assert made.status == 201
    assert "token" not in made.json()
    again = await client.post(BASE, json={}, headers=me)
    assert (again.status, again.json()["id"]) == (200, made.json()["id"])
    assert (await client.get(f"{BASE}/current", headers=me)).json()["id"] == made.json()["id"]
    assert (await client.get(f"{BASE}/current?currency=INR", headers=me)).status == 404
    assert (await client.get(f"{BASE}/current")).status == 401
    assert (await client.get(f"{BASE}/current", headers=memory_shop.bearer(kind=ActorKind.staff))).status == 403


async def test_merge(client, memory_shop):
    lamp = memory_shop.catalogue.sell()
    me = memory_shop.bearer()
    here, key = await guest(client)
    await client.post(f"{here}/lines", json={"variant_id": str(lamp)}, headers=key)
    own = (await client.post(BASE, json={}, headers=me)).json()
    body = {"cart_id": here.rpartition("/")[2]}

    assert (await client.post(f"{BASE}/merge", json=body, headers=key)).status == 401
    assert (await client.post(f"{BASE}/merge", json=body, headers=me)).status == 404
    assert (await client.post(f"{BASE}/merge", json=body, headers=me | {"x-cart-token": "wrong"})).status == 404
    merged = await client.post(f"{BASE}/merge", json=body, headers=me | key)
    assert (merged.status, merged.json()["id"]) == (200, own["id"])
    assert merged.json()["merge_result"] == {
        "added": [{"variant_id": str(lamp), "quantity": 1}],
        "capped": [],
        "dropped": [],
    }
    assert (await client.get(here, headers=key)).status == 404
    assert "merge_result" not in (await client.get(f"{BASE}/current", headers=me)).json()


async def test_a_request_sent_twice_counts_once(client, memory_shop):
    lamp = memory_shop.catalogue.sell()
    here, key = await guest(client)
    body = {"variant_id": str(lamp), "quantity": 2}
    first = await client.post(f"{here}/lines", json=body, headers=key | {"idempotency-key": "a"})
    again = await client.post(f"{here}/lines", json=body, headers=key | {"idempotency-key": "a"})
    other = await client.post(f"{here}/lines", json=body, headers=key | {"idempotency-key": "b"})
    assert (first.status, first.header("idempotency-replayed")) == (201, None)
    assert (again.status, again.header("idempotency-replayed"), again.body) == (201, "true", first.body)
    assert (other.json()["lines"][0]["quantity"], other.header("idempotency-replayed")) == (4, None)
    reused = await client.post(f"{here}/lines", json=body | {"quantity": 3}, headers=key | {"idempotency-key": "a"})
    assert (reused.status, reused.slug) == (422, "idempotency.key-reused")
    too_long = await client.post(f"{here}/lines", json=body, headers=key | {"idempotency-key": "k" * 256})
    assert too_long.status == 400
    elsewhere, its_key = await guest(client)
    fresh = await client.post(f"{elsewhere}/lines", json=body, headers=its_key | {"idempotency-key": "a"})
    assert fresh.header("idempotency-replayed") is None


async def test_every_route_hides_foreign_carts(client, memory_shop):
    lamp = memory_shop.catalogue.sell()
    here, key = await guest(client)
    other, other_key = await guest(client)
    customers = f"{BASE}/{(await client.post(BASE, json={}, headers=memory_shop.bearer())).json()['id']}"
    computed = {"x-cart-token": memory_shop.guest_tokens.issue("cart", uuid.UUID(customers.rpartition("/")[2]))}
    routes = (
        ("GET", "", None),
        ("POST", "/lines", {"variant_id": str(lamp)}),
        ("PATCH", f"/lines/{new_id()}", {"quantity": 1}),
        ("DELETE", f"/lines/{new_id()}", None),
        ("PUT", "/address", {"email": EMAIL, "address": ADDRESS}),
        ("GET", "/shipping-options", None),
        ("PUT", "/shipping", {"method_id": str(new_id())}),
    )
    for method, tail, body in routes:
        for cart, headers in (
            (here, {}),
            (here, other_key),
            (here, {"x-cart-token": ""}),
            (here, {"x-cart-token": "é" * 20}),
            (here, {"x-order-token": key["x-cart-token"]}),
            (here, memory_shop.bearer()),
            (here, memory_shop.bearer(kind=ActorKind.staff)),
            (customers, computed),
            (customers, memory_shop.bearer()),
            (f"{BASE}/{new_id()}", other_key),
            (f"{BASE}/not-an-id", other_key),
        ):
            answer = await client.request(method, cart + tail, json=body, headers=headers)
            assert (answer.status, answer.is_problem) == (404, True), (method, tail, headers, answer.body)
    assert (await client.get(other, headers=other_key)).json()["version"] == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "lamp",
        {"variant_id": "lamp"},
        {"variant_id": 7},
        {"variant_id": None},
        {"variant_id": str(new_id()), "quantity": 0},
        {"variant_id": str(new_id()), "quantity": -1},
        {"variant_id": str(new_id()), "quantity": 1000},
        {"variant_id": str(new_id()), "quantity": 10**30},
        {"variant_id": str(new_id()), "quantity": 1.5},
        {"variant_id": str(new_id()), "quantity": None},
        {"variant_id": str(new_id()), "price": 1},
    ],
)
async def test_bad_lines(client, body):
    here, key = await guest(client)
    answer = await client.post(f"{here}/lines", json=body, headers=key)
    assert (answer.status, answer.is_problem) == (400, True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "nobody"},
        {"email": "a@b\r\nbcc: c@d"},
        {"email": "a b@example.com"},
        {"address": None},
        {"address": ADDRESS | {"country": "USA"}},
        {"address": ADDRESS | {"name": ""}},
        {"address": ADDRESS | {"name": "A\nB"}},
        {"address": ADDRESS | {"city": "x" * 121}},
        {"address": ADDRESS | {"postal_code": "94105\n"}},
        {"address": ADDRESS | {"planet": "Earth"}},
        {"surprise": 1},
    ],
)
async def test_bad_addresses(client, wrong):
    here, key = await guest(client)
    body = {"email": EMAIL, "address": ADDRESS} | wrong
    answer = await client.request("PUT", f"{here}/address", json=body, headers=key)
    assert (answer.status, answer.is_problem) == (400, True)


async def test_refusals_have_slugs(client, memory_shop):
    catalogue = memory_shop.catalogue
    here, key = await guest(client)

    async def add(variant, quantity=1):
        body = {"variant_id": str(variant), "quantity": quantity}
        answer = await client.post(f"{here}/lines", json=body, headers=key)
        return answer.status, answer.slug

    off, rupees, lamp = catalogue.sell(), catalogue.sell(currency="INR"), catalogue.sell()
    catalogue.change(off, on_sale=False)
    assert await add(new_id()) == (422, "carts.unknown-variant")
    assert await add(off) == (409, "carts.not-on-sale")
    assert await add(rupees) == (422, "carts.other-currency")
    assert await add(lamp, 999) == (201, "")
    assert await add(lamp) == (409, "carts.quantity-limit")
    line = await client.request("PATCH", f"{here}/lines/{new_id()}", json={"quantity": 1}, headers=key)
    assert (line.status, line.slug) == (404, "carts.line-not-found")
    options = await client.get(f"{here}/shipping-options", headers=key)
    assert (options.status, options.slug) == (409, "carts.address-missing")
    await client.request("PUT", f"{here}/address", json={"email": EMAIL, "address": ADDRESS}, headers=key)
    method = await client.request("PUT", f"{here}/shipping", json={"method_id": str(new_id())}, headers=key)
    assert (method.status, method.slug) == (409, "carts.shipping-not-offered")
    await memory_shop.complete(uuid.UUID(here.rpartition("/")[2]))
    assert await add(lamp) == (409, "carts.not-active")


async def test_routes_are_documented(client):
    document = client.app.openapi()
    add = document["paths"][f"{BASE}/{{cart_id}}/lines"]["post"]
    assert "CartView" in str(add["responses"]["201"])
    assert add["operationId"] == "AddCartLine"


async def test_an_address_where_no_parcel_arrives_is_refused(client):
    here, key = await guest(client)
    wrong = ADDRESS | {"postal_code": "9410"}
    answer = await client.request("PUT", f"{here}/address", json={"email": EMAIL, "address": wrong}, headers=key)
    assert (answer.status, answer.json()["slug"]) == (422, "address.invalid")
    assert answer.json()["errors"][0]["field"] == "address.postal_code"
    kept = await client.request(
        "PUT",
        f"{here}/address",
        json={"email": EMAIL, "address": ADDRESS | {"region": "ca"}},
        headers=key,
    )
    assert kept.json()["address"]["region"] == "CA"
