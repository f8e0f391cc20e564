"""S35: what both people see over HTTP."""

from merx.kernel.actor import ActorKind
from merx.kernel.ids import new_id
from tests.contexts.approvals.conftest import Shop
from tests.support.asgi import AsgiClient
from tests.support.stage import staged

BASE = "/api/v1"
RIGHTS = ("catalog:write", "approvals:read", "approvals:write")


async def test_s35_a_price_is_asked_for_and_agreed_to(memory_shop: Shop):
    app, lamp = memory_shop.app, await memory_shop.lamp()
    # Tokens are as old as the shop's clock says, which stands still.
    app.infra.access_tokens.reset()

    def somebody() -> dict[str, str]:
        token = app.infra.access_tokens().issue(new_id(), ActorKind.staff, RIGHTS)
        return {"authorization": f"Bearer {token}"}

    ada, bob = somebody(), somebody()
    here, price = f"{BASE}/products/{lamp.id}", {"amount": 50_00, "currency": "USD"}
    body = {"variants": [{"id": str(lamp.variants[0].id), "price": price}]}
    client = AsgiClient(staged(app.settings, app))
    asked = await client.request("PATCH", here, json=body, headers=ada)
    approval = f"{BASE}/approvals/{asked.json()['approval_id']}"
    assert (asked.status, asked.header("location")) == (202, approval)
    assert asked.json()["kind"] == "catalog.edit-product"
    assert await memory_shop.price(lamp) == 100_00

    own = await client.post(f"{approval}/approve", headers=ada)
    assert (own.status, own.slug) == (403, "approvals.own-request")
    (shown,) = (await client.get(f"{BASE}/approvals?state=pending", headers=bob)).json()["items"]
    assert (shown["state"], shown["command"]) == ("pending", body)
    done = await client.post(f"{approval}/approve", headers=bob | {"idempotency-key": "yes"})
    assert (done.status, done.json()["state"]) == (200, "approved")
    again = await client.post(f"{approval}/approve", headers=bob | {"idempotency-key": "yes"})
    assert (again.status, again.header("idempotency-replayed")) == (200, "true")
    assert await memory_shop.price(lamp) == 50_00
    late = await client.post(f"{approval}/reject", json={}, headers=bob)
    assert (late.status, late.slug) == (409, "approvals.over")

    same = await client.request("PATCH", here, json=body, headers=ada)
    assert same.status == 200, "the same price needs nobody"
    far = {"variants": [body["variants"][0] | {"price": price | {"amount": 1_00}}]}
    asked = await client.request("PATCH", here, json=far, headers=ada)
    await client.request("PATCH", here, json={"name": "Torch"}, headers=bob)
    over = await client.post(f"{BASE}/approvals/{asked.json()['approval_id']}/approve", headers=bob)
    assert (over.status, over.slug) == (409, "approvals.stale")


async def test_s35_a_write_off_is_asked_for_over_http(memory_shop: Shop):
    app, goods = memory_shop.app, await memory_shop.stock(50)
    app.infra.access_tokens.reset()
    token = app.infra.access_tokens().issue(new_id(), ActorKind.staff, ("inventory:write",))
    here, headers = f"{BASE}/inventory/adjustments", {"authorization": f"Bearer {token}", "idempotency-key": "flood"}
    client = AsgiClient(staged(app.settings, app))
    body = {"variant_id": str(goods), "delta": -11, "reason": "water damage"}
    asked = await client.post(here, json=body, headers=headers)
    again = await client.post(here, json=body, headers=headers)
    assert (asked.status, again.status) == (202, 202)
    assert asked.header("location") == f"{BASE}/approvals/{asked.json()['approval_id']}"
    assert again.json() == asked.json(), "asked for once"
    less = await client.post(here, json=body | {"delta": -10}, headers=headers | {"idempotency-key": "less"})
    assert (less.status, less.json()["on_hand"]) == (201, 40)
