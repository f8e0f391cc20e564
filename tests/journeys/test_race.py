"""Many buyers want the last units at the same moment, through HTTP."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from merx.bootstrap.api import create_app
from merx.bootstrap.container import App
from merx.contexts.inventory.usecases.stock import ReceiveStock
from merx.infra.postgres import compiled
from merx.infra.settings import Settings
from merx.kernel.actor import Actor
from tests.journeys.conftest import World
from tests.support.asgi import Answer, AsgiClient
from tests.support.careless import made_careless

pytestmark = pytest.mark.services

ADDRESS = {"name": "Ada Byron", "line1": "1 Market Street", "city": "San Francisco", "country": "US"}
DELIVERY = {"email": "ada@example.com", "address": ADDRESS | {"region": "CA", "postal_code": "94105"}}


async def _variant(world: World, units: int) -> str:
    """One that has so many units."""
    product = (await world.get("/products?sort=name")).json()["items"][0]
    variant = (await world.get(f"/products/{product['slug']}")).json()["variants"][0]
    count = world.app.contexts.inventory.count_stock()
    received = ReceiveStock(variant_id=UUID(variant["id"]), quantity=units - variant["available"])
    await count.receive(Actor.system(), received)
    await world.settle()
    return str(variant["id"])


# A cart that is ready costs five requests: the others are copies of the first.
COPY = compiled(
    """
    insert into carts.cart (id, version, currency, created_at, updated_at, status, email, address, shipping, lines)
    select uuidv7(), version, currency, created_at, updated_at, status, email, address, shipping, lines
      from carts.cart, generate_series(1, cast(:copies as int)) where id = :cart_id
    returning id
    """
)


async def _ready(world: World, variant: str, number: int) -> list[tuple[dict[str, Any], dict[str, str]]]:
    """Bodies and headers of the orders that so many guests are about to place."""
    cart = (await world.post("/carts", {})).json()
    key, here = {"x-cart-token": cart["token"]}, f"/carts/{cart['id']}"
    await world.post(f"{here}/lines", {"variant_id": variant, "quantity": 1}, key)
    await world.put(f"{here}/address", DELIVERY, key)
    option = (await world.get(f"{here}/shipping-options", key)).json()["items"][0]
    cart = (await world.put(f"{here}/shipping", {"method_id": option["method_id"]}, key)).json()
    rows = await world.app.database.reader.fetch(COPY, cart_id=UUID(cart["id"]), copies=number)
    tokens = world.app.infra.guest_tokens()
    return [
        (
            {"cart_id": str(row[0]), "payment_method": "cod", "expected_total": cart["total"]},
            {"x-cart-token": tokens.issue("cart", row[0]), "idempotency-key": str(row[0])},
        )
        for row in rows
    ]


async def race(world: World, buyers: int, units: int) -> tuple[str, list[Answer]]:
    """The variant they all wanted, and what each was told."""
    variant = await _variant(world, units)
    orders = await _ready(world, variant, buyers)
    return variant, await asyncio.gather(*(world.post("/orders", body, headers) for body, headers in orders))


async def _stock(world: World, variant: str) -> tuple[int, int]:
    """Units left, and units that orders were promised."""
    level = (await world.get(f"/inventory/variants/{variant}", world.staff())).json()
    return level["available"], level["allocated"]


async def test_500_buyers_50_units(postgres_world: World):
    variant, answers = await race(postgres_world, 500, 50)
    assert Counter(answer.status for answer in answers) == {201: 50, 409: 450}
    refused = [answer for answer in answers if answer.status == 409]
    assert {answer.slug for answer in refused} == {"orders.sold-out"}
    assert all(answer.json()["variants"][0]["variant_id"] == variant for answer in refused)
    assert await _stock(postgres_world, variant) == (0, 50)
    assert (await postgres_world.post("/inventory/verify", headers=postgres_world.staff())).json() == []
    await postgres_world.settle()
    orders = (await postgres_world.get("/orders?limit=100", postgres_world.staff())).json()["items"]
    assert len({order["id"] for order in orders}) == 50


@pytest.fixture
async def careless_world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    # Nobody waits in vain for a connection: those who look at the same moment are what this is about.
    settings = Settings(database_url=database_url, data_dir=str(tmp_path), database_pool=20, pool_wait_ms=60_000)
    app = made_careless(App(settings))
    async with AsgiClient(create_app(settings, app)) as client:
        world = World(app, client)
        await world.stock_up()
        yield world


async def test_the_careless_way_sells_too_much(careless_world: World):
    """The control: without it the test above would prove nothing."""
    variant, answers = await race(careless_world, 100, 10)
    sold = sum(answer.status == 201 for answer in answers)
    assert sold > 10
    promised = await careless_world.app.database.reader.fetchval_text("select sum(quantity) from inventory.allocation")
    assert promised == sold
    found = (await careless_world.post("/inventory/verify", headers=careless_world.staff())).json()
    assert [row["variant_id"] for row in found] == [variant], "the ledger notices"
