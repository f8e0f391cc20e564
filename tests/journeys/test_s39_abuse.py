"""S39: what is allowed once must not pay when it is done a thousand times: hoarding, orders nobody pays, guessing.

The shop has neither coupons nor gift cards nor a provider of cards yet.
"""

import base64
from pathlib import Path
from typing import Any

import pytest
from dependency_injector import providers

from merx.contexts.payments.domain.methods import CashOnDeliveryPolicy
from merx.infra.one_time_codes import OneTimeCodes
from merx.infra.settings import Settings
from merx.kernel.actor import ActorKind
from merx.kernel.ids import new_id
from tests.journeys.conftest import BASE, World
from tests.journeys.test_first_order import ADDRESS
from tests.support.apps import new_app
from tests.support.asgi import AsgiClient
from tests.support.stage import staged

STOCK = 5


async def variant(world: World) -> str:
    product = (await world.get("/products?sort=name")).json()["items"][0]
    return str((await world.get(f"/products/{product['slug']}")).json()["variants"][0]["id"])


async def filled(world: World, variant_id: str, quantity: int) -> tuple[dict[str, Any], dict[str, str]]:
    """A guest's cart, ready for checkout, and its token."""
    cart = (await world.post("/carts", {})).json()
    key, here = {"x-cart-token": cart["token"]}, f"/carts/{cart['id']}"
    added = await world.post(f"{here}/lines", {"variant_id": variant_id, "quantity": quantity}, key)
    assert added.status == 201
    await world.put(f"{here}/address", {"email": "ada@example.com", "address": ADDRESS}, key)
    method = (await world.get(f"{here}/shipping-options", key)).json()["items"][0]["method_id"]
    return (await world.put(f"{here}/shipping", {"method_id": method}, key)).json(), key


async def buy(world: World, cart: dict[str, Any], key: dict[str, str]) -> Any:
    body = {"cart_id": cart["id"], "payment_method": "cod", "expected_total": cart["total"]}
    return await world.post("/orders", body, key | {"idempotency-key": new_id().hex})


async def test_s39_carts_hoard_nothing(memory_world: World):
    """Stock is taken at checkout: forty carts with all of it keep nobody from buying."""
    world = memory_world
    wanted = await variant(world)
    hoard = [await filled(world, wanted, STOCK) for _ in range(40)]
    seen = (await world.get(f"/inventory/variants/{wanted}")).json()
    assert seen["available"] == STOCK
    cart, key = await filled(world, wanted, STOCK)
    assert (await buy(world, cart, key)).status == 201
    late = await buy(world, *hoard[0])
    assert late.status == 409
    assert (await world.get(f"/inventory/variants/{wanted}")).json()["available"] == 0


async def test_s39_cash_on_delivery_has_a_limit_where_couriers_have_one(tmp_path: Path):
    app = new_app(Settings(storage="memory", data_dir=str(tmp_path), search_refresh_seconds=0.0))
    app.contexts.payments.cash.override(providers.Object(CashOnDeliveryPolicy(limits={"USD": 100_00})))
    client = AsgiClient(staged(app.settings, app))
    world = World(app, client)
    await world.stock_up()
    wanted = await variant(world)
    cart, key = await filled(world, wanted, STOCK)
    assert cart["total"]["amount"] > 100_00
    ways = await world.get(f"/payments/methods?amount={cart['total']['amount']}&currency=USD&country=US")
    assert ways.json() == []
    refused = await buy(world, cart, key)
    assert (refused.status, refused.slug) == (422, "orders.payment-method-not-available"), refused.body
    assert (await world.get(f"/inventory/variants/{wanted}")).json()["available"] == STOCK
    assert (await buy(world, *await filled(world, wanted, 1))).status == 201


@pytest.fixture
def strict(tmp_path: Path) -> AsgiClient:
    """A shop with the limits of production, smaller."""
    settings = Settings(
        storage="memory", rate_limits="on", limit_checkout=3, limit_login=3, limit_address_factor=2, limit_write=500
    )
    app = new_app(settings)
    client = AsgiClient(staged(settings, app), client=("192.0.2.1", 1))
    client.headers |= {"host": "localhost"}
    client.tokens = app.infra.access_tokens()
    return client


async def statuses(client: AsgiClient, path: str, bodies: list[Any], headers: dict[str, str]) -> list[int]:
    sent = []
    for body in bodies:
        more = headers | {"idempotency-key": new_id().hex}
        sent.append((await client.post(BASE + path, json=body, headers=more)).status)
    return sent


def orders(number: int) -> list[dict[str, Any]]:
    return [
        {"cart_id": str(new_id()), "payment_method": "cod", "expected_total": {"amount": 1, "currency": "USD"}}
        for _ in range(number)
    ]


async def test_s39_orders_are_limited_by_address_whatever_the_token(strict: AsgiClient):
    """Three times two for an address; a new guest, a new cart and a new account each time change nothing."""
    got = []
    for number in range(12):
        token = strict.tokens.issue(new_id(), ActorKind.customer)
        who = {"authorization": f"Bearer {token}"} if number % 2 else {"x-cart-token": f"t{number}"}
        got += await statuses(strict, "/orders", orders(1), who)
    assert got[6:] == [429] * 6
    assert 429 not in got[:6]


async def test_s39_orders_are_limited_by_account_wherever_it_is(strict: AsgiClient):
    token = strict.tokens.issue(new_id(), ActorKind.customer)
    got = []
    for number in range(8):
        strict.client = (f"198.51.100.{number}", 1)
        got += await statuses(strict, "/orders", orders(1), {"authorization": f"Bearer {token}"})
    assert got[3:] == [429] * 5


async def test_s39_guessing_codes_is_slow_and_hopeless(strict: AsgiClient):
    codes = [{"code": f"mx_otc_{'a' * 22}{number:043d}"} for number in range(12)]
    tries = await statuses(strict, "/auth/verify-email", codes, {})
    assert tries == [400] * 6 + [429] * 6
    strict.client = ("192.0.2.99", 1)
    resets = [{**code, "password": "correct horse battery"} for code in codes]
    assert (await statuses(strict, "/auth/password/reset", resets, {}))[6:] == [429] * 6


def test_s39_codes_have_far_more_than_64_bits():
    """A made-up one is right once in 2**256: it is a MAC that only the shop can make."""
    app = new_app()
    text = OneTimeCodes(app.infra.guest_tokens()).text("reset-password", new_id())
    mac = base64.urlsafe_b64decode(text[-43:] + "=")
    assert len(mac) * 8 == 256
