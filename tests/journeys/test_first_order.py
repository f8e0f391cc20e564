"""A guest finds a shirt and buys it; the shop sends it. All through HTTP."""

from email import message_from_bytes
from email.policy import default
from pathlib import Path

from tests.journeys.conftest import World

ADDRESS = {"name": "Ada Byron", "line1": "1 Market Street", "city": "San Francisco", "country": "US"} | {
    "region": "CA",
    "postal_code": "94105",
}


async def test_a_guest_buys_and_the_shop_sends(world: World):
    # Browse: the tree counts what is below, the list leads to the product.
    tree = (await world.get("/categories")).json()
    assert [(node["name"], node["product_count"]) for node in tree] == [("Clothing", 3)]
    listed = (await world.get("/categories/clothing/products?sort=price")).json()["items"]
    assert [item["name"] for item in listed] == ["Meadow Cotton Shirt", "Harbour Linen Shirt", "Granite Flannel"]

    # Search, with a slip of the finger; then narrowed down.
    found = (await world.get("/search/products?q=linnen+shirt")).json()
    assert found["items"][0]["name"] == "Harbour Linen Shirt"
    suggested = (await world.get("/search/suggest?q=har")).json()
    assert "Harbour" in str(suggested)

    product = (await world.get(f"/products/{found['items'][0]['slug']}")).json()
    assert len(product["variants"]) == 4
    variant = next(v for v in product["variants"] if v["options"] == {"colour": "red", "size": "M"})
    assert (variant["available"], variant["price"]) == (5, {"amount": 45_00, "currency": "USD"})

    # Cart, address, shipping.
    cart = (await world.post("/carts", {})).json()
    key = {"x-cart-token": cart["token"]}
    here = f"/carts/{cart['id']}"
    cart = (await world.post(f"{here}/lines", {"variant_id": variant["id"], "quantity": 2}, key)).json()
    assert cart["items_total"]["amount"] == 90_00
    await world.put(f"{here}/address", {"email": "ada@example.com", "address": ADDRESS}, key)
    options = (await world.get(f"{here}/shipping-options", key)).json()["items"]
    cart = (await world.put(f"{here}/shipping", {"method_id": options[0]["method_id"]}, key)).json()
    assert (cart["requirements"], cart["problems"]) == ([], [])

    # Checkout.
    body = {"cart_id": cart["id"], "payment_method": "cod", "expected_total": cart["total"]}
    answer = await world.post("/orders", body, key | {"idempotency-key": "first-order"})
    assert answer.status == 201, answer.body
    order, token = answer.json()["order"], {"x-order-token": answer.json()["token"]}
    assert order["total"] == cart["total"]
    assert (await world.get(f"/orders/{order['id']}", token)).json() == order
    closed = await world.post(f"{here}/lines", {"variant_id": variant["id"], "quantity": 1}, key)
    assert closed.status == 409

    # What follows: a mail, and the catalogue knows what is left.
    await world.settle()
    mail = _only_mail(Path(world.app.settings.data_dir) / "mail")
    assert mail["To"] == "Ada Byron <ada@example.com>"
    assert order["number"] in mail["Subject"]
    shown = (await world.get(f"/products/{product['slug']}")).json()
    assert next(v for v in shown["variants"] if v["id"] == variant["id"])["available"] == 3

    # Staff sees it, sends it, takes the money.
    staff = world.staff()
    listed = (await world.get("/orders", staff)).json()["items"]
    assert [item["number"] for item in listed] == [order["number"]]
    sent = await world.post(f"/orders/{order['id']}/shipments", {"carrier": "DHL", "tracking_number": "42"}, staff)
    assert sent.json()["fulfilment_status"] == "fulfilled"
    cash = {"payment_id": order["payment_id"], "amount": order["total"], "reference": "receipt-1"}
    assert (await world.post("/payments/cod/collections", cash, staff | {"idempotency-key": "1"})).status == 201
    await world.settle()
    stock = (await world.get(f"/inventory/variants/{variant['id']}", staff)).json()
    assert (stock["on_hand"], stock["allocated"], stock["available"]) == (3, 0, 3)
    parcel = sent.json()["shipments"][0]["id"]
    await world.post(f"/orders/{order['id']}/shipments/{parcel}/deliver", headers=staff)
    assert (await world.get(f"/orders/{order['id']}", token)).json()["status"] == "completed"
    assert (await world.post("/inventory/verify", headers=staff)).json() == []


async def test_staff_edits_and_shoppers_see_it(world: World):
    staff = world.staff("catalog:read", "catalog:write", "inventory:write", "inventory:read")
    product = (await world.get("/products?sort=name")).json()["items"][0]
    edit = await world.get(f"/products/{product['id']}/edit", staff)
    variant = edit.json()["variants"][0]
    changed = await world.patch(
        f"/products/{product['id']}",
        {"name": "Quartz Overshirt", "slug": "quartz-overshirt"},
        staff | {"if-match": edit.header("etag")},
    )
    assert changed.status == 200, changed.body
    stale = await world.patch(
        f"/products/{product['id']}", {"name": "Lost update"}, staff | {"if-match": edit.header("etag")}
    )
    assert (stale.status, stale.slug) == (412, "resource.changed-meanwhile")
    # The old address leads to the new one.
    old = await world.get(f"/products/{product['slug']}")
    assert (old.status, old.header("location")) == (301, "/api/v1/products/quartz-overshirt")
    assert (await world.get("/products/quartz-overshirt")).json()["name"] == "Quartz Overshirt"
    counted = await world.post(
        "/inventory/adjustments", {"variant_id": variant["id"], "delta": -5, "reason": "water damage"}, staff
    )
    assert counted.json()["available"] == 0
    await world.settle()
    found = (await world.get("/search/products?q=quartz")).json()["items"]
    assert [item["slug"] for item in found] == ["quartz-overshirt"]
    shown = (await world.get("/products/quartz-overshirt")).json()
    assert next(v for v in shown["variants"] if v["id"] == variant["id"])["available"] == 0


def _only_mail(folder: Path) -> "object":
    (file,) = folder.glob("**/*.eml")
    return message_from_bytes(file.read_bytes(), policy=default)
