"""Orders as a client meets them."""

from typing import Any

import msgspec

from merx.kernel.actor import ActorKind
from merx.kernel.ids import new_id
from tests.contexts.orders.conftest import Shop

BASE = "/api/v1/orders"


def bearer(shop: Shop, *permissions: str, kind: ActorKind = ActorKind.staff) -> dict[str, str]:
    return {"authorization": f"Bearer {shop.app.infra.access_tokens().issue(new_id(), kind, permissions)}"}


async def ready(shop: Shop, stock: int = 10) -> tuple[dict[str, Any], dict[str, str]]:
    """The body of a checkout and the headers that make it good."""
    command = await shop.cart({await shop.product(stock=stock): 1})
    token = shop.app.infra.guest_tokens().issue("cart", command.cart_id)
    return msgspec.to_builtins(command), {"x-cart-token": token, "idempotency-key": new_id().hex}


async def placed(shop: Shop, client: Any) -> tuple[str, dict[str, str]]:
    body, headers = await ready(shop)
    made = (await client.post(BASE, json=body, headers=headers)).json()
    return f"{BASE}/{made['order']['id']}", {"x-order-token": made["token"]}


async def test_checkout_and_the_same_again(client, memory_shop):
    body, headers = await ready(memory_shop)
    first = await client.post(BASE, json=body, headers=headers)
    assert (first.status, first.header("idempotency-replayed")) == (201, None)
    assert first.header("cache-control") == "no-store"
    assert first.json()["next_action"] is None
    again = await client.post(BASE, json=body, headers=headers)
    assert (again.status, again.header("idempotency-replayed"), again.body) == (201, "true", first.body)
    other = await client.post(BASE, json=body, headers=headers | {"idempotency-key": "another"})
    assert (other.status, other.json()) == (200, first.json())


async def test_the_kept_answer_needs_the_carts_token(client, memory_shop):
    body, headers = await ready(memory_shop)
    assert (await client.post(BASE, json=body, headers=headers)).status == 201
    key = {"idempotency-key": headers["idempotency-key"]}
    for token in ({}, {"x-cart-token": "wrong"}):
        refused = await client.post(BASE, json=body, headers=key | token)
        assert (refused.status, refused.slug) == (404, "orders.cart-not-found")


async def test_a_key_is_needed_and_is_for_one_body(client, memory_shop):
    body, headers = await ready(memory_shop)
    token = {"x-cart-token": headers["x-cart-token"]}
    missing = await client.post(BASE, json=body, headers=token)
    assert (missing.status, missing.slug) == (400, "idempotency.key-required")
    for key in ("", "x" * 256, "non-ascii-é"):
        refused = await client.post(BASE, json=body, headers=token | {"idempotency-key": key})
        assert (refused.status, refused.is_problem) == (400, True)
    assert (await client.post(BASE, json=body, headers=headers)).status == 201
    total = {"amount": body["expected_total"]["amount"] + 1, "currency": "USD"}
    reused = await client.post(BASE, json=body | {"expected_total": total}, headers=headers)
    assert (reused.status, reused.slug) == (422, "idempotency.key-reused")


async def test_sold_out_says_what_is_left(client, memory_shop):
    body, headers = await ready(memory_shop, stock=0)
    refused = await client.post(BASE, json=body, headers=headers)
    assert (refused.status, refused.slug) == (409, "orders.sold-out")
    assert refused.json()["variants"][0]["available"] == 0


async def test_without_the_carts_token_there_is_no_such_cart(client, memory_shop):
    body, headers = await ready(memory_shop)
    for token in ("", "wrong", memory_shop.app.infra.guest_tokens().issue("order", new_id())):
        refused = await client.post(BASE, json=body, headers=headers | {"x-cart-token": token})
        assert (refused.status, refused.slug) == (404, "orders.cart-not-found")


async def test_an_order_is_read_with_its_token_only(client, memory_shop):
    here, key = await placed(memory_shop, client)
    assert (await client.get(here, headers=key)).status == 200
    another = memory_shop.app.infra.guest_tokens().issue("order", new_id())
    for headers in ({}, {"x-order-token": another}, bearer(memory_shop, kind=ActorKind.customer)):
        assert (await client.get(here, headers=headers)).status == 404
    assert (await client.get(here, headers=bearer(memory_shop, "orders:read"))).status == 200
    assert (await client.get(here, headers=bearer(memory_shop, "catalog:read"))).status == 404


async def test_a_guest_cancels(client, memory_shop):
    here, key = await placed(memory_shop, client)
    assert (await client.post(f"{here}/cancel", json={}, headers={"x-order-token": "wrong"})).status == 404
    done = await client.post(f"{here}/cancel", json={"reason": "changed my mind"}, headers=key)
    assert (done.status, done.json()["status"]) == (200, "cancelled")
    again = await client.post(f"{here}/cancel", json={}, headers=key)
    assert (again.status, again.slug) == (409, "orders.not-cancellable")


async def test_s38_what_a_guest_was_answered_is_no_answer_for_another_guest(client, memory_shop):
    """Who knows the order and the key, and has some token."""
    here, key = await placed(memory_shop, client)
    named = {"idempotency-key": "0123456789abcdef"}
    assert (await client.post(f"{here}/cancel", json={}, headers=key | named)).status == 200
    another = memory_shop.app.infra.guest_tokens().issue("order", new_id())
    for headers in ({"x-order-token": another}, {"x-cart-token": another}, {"x-order-token": "x"}):
        stolen = await client.post(f"{here}/cancel", json={}, headers=headers | named)
        assert (stolen.status, stolen.header("idempotency-replayed")) == (404, None)


async def test_staff_ships(client, memory_shop):
    here, key = await placed(memory_shop, client)
    parcel = {"carrier": "DHL", "tracking_number": "42"}
    assert (await client.post(f"{here}/shipments", json=parcel, headers=key)).status == 401
    assert (
        await client.post(f"{here}/shipments", json=parcel, headers=bearer(memory_shop, "orders:read"))
    ).status == 403
    staff = bearer(memory_shop, "orders:write", "orders:read")
    shipped = await client.post(f"{here}/shipments", json=parcel, headers=staff)
    assert (shipped.status, shipped.json()["fulfilment_status"]) == (201, "fulfilled")
    parcel_id = shipped.json()["shipments"][0]["id"]
    delivered = await client.post(f"{here}/shipments/{parcel_id}/deliver", headers=staff)
    assert (delivered.status, delivered.json()["fulfilment_status"]) == (200, "delivered")
    assert (await client.post(f"{here}/shipments/{new_id()}/deliver", headers=staff)).status == 404
    entries = (await client.get(f"{here}/timeline", headers=staff)).json()
    assert [entry["kind"] for entry in entries] == ["placed", "shipped", "delivered"]


async def test_the_history_names_the_request_that_placed_the_order(client, memory_shop):
    body, headers = await ready(memory_shop)
    made = await client.post(BASE, json=body, headers=headers)
    here, staff = f"{BASE}/{made.json()['order']['id']}", bearer(memory_shop, "orders:read")
    (entry,) = (await client.get(f"{here}/timeline", headers=staff)).json()
    assert (entry["kind"], entry["actor"]) == ("placed", "anonymous")
    assert entry["request_id"] == made.header("x-request-id") != ""


async def test_lists_are_ones_own_or_all_for_staff(client, memory_shop):
    for _ in range(3):
        await placed(memory_shop, client)
    staff = bearer(memory_shop, "orders:read")
    first = (await client.get(f"{BASE}?limit=2", headers=staff)).json()
    rest = (await client.get(f"{BASE}?limit=2&after={first['next']}", headers=staff)).json()
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (2, 1, None)
    number = rest["items"][0]["number"]
    found = (await client.get(f"{BASE}?number={number.lower()}", headers=staff)).json()["items"]
    assert [item["number"] for item in found] == [number]
    assert (await client.get(BASE, headers=bearer(memory_shop, kind=ActorKind.customer))).json()["items"] == []
    assert (await client.get(BASE, headers=bearer(memory_shop))).status == 403
    assert (await client.get(BASE)).status == 401
