"""The whole application behind HTTP, with events delivered when a test says so."""

from collections.abc import AsyncIterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from merx.bootstrap.container import App
from merx.contexts.catalog.usecases.commands import CreateCategory, CreateProduct, NewVariant, Price
from merx.infra.settings import Settings
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.ids import new_id
from tests.support.apps import new_app
from tests.support.asgi import Answer, AsgiClient
from tests.support.drain import drain
from tests.support.stage import staged

BASE = "/api/v1"


class World:
    """A shop with a small catalogue, and a client that speaks to it."""

    def __init__(self, app: App, client: AsgiClient) -> None:
        self.app = app
        self._client = client

    async def get(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        return await self._client.get(BASE + path, headers=headers or {})

    async def post(self, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        return await self._client.post(BASE + path, json=body, headers=headers or {})

    async def put(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Answer:
        return await self._client.request("PUT", BASE + path, json=body, headers=headers or {})

    async def patch(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Answer:
        return await self._client.request("PATCH", BASE + path, json=body, headers=headers or {})

    def from_address(self, address: str) -> AsgiClient:
        """The same shop as seen from elsewhere."""
        return AsgiClient(self._client.app, client=(address, 50000))

    def staff(self, *permissions: str, account_id: UUID | None = None) -> dict[str, str]:
        """Whom the token speaks for matters to what asks for the account itself alone."""
        token = self.app.infra.access_tokens().issue(account_id or new_id(), ActorKind.staff, permissions or ("*",))
        return {"authorization": f"Bearer {token}"}

    async def settle(self) -> None:
        """Everything that follows from what happened, as the worker would do it."""
        await drain(self.app.deliverer, self.app.infra.deliveries())

    async def stock_up(self) -> None:
        """Two categories, three products with colour and size."""
        catalog, inventory = self.app.contexts.catalog, self.app.contexts.inventory
        await self.app.contexts.shipping.seed_shipping()()
        clothing = await catalog.create_category()(Actor.system(), CreateCategory(name="Clothing"))
        shirts = await catalog.create_category()(Actor.system(), CreateCategory(name="Shirts", parent_id=clothing))
        for name, amount in (
            ("Harbour Linen Shirt", 45_00),
            ("Meadow Cotton Shirt", 30_00),
            ("Granite Flannel", 60_00),
        ):
            variants = [
                NewVariant(
                    sku=f"{name[:3].upper()}-{colour}-{size}",
                    price=Price(amount=amount, currency="USD"),
                    options={"colour": colour, "size": size},
                    weight_grams=250,
                )
                for colour in ("red", "blue")
                for size in ("S", "M")
            ]
            product_id = await catalog.create_product()(
                Actor.system(),
                CreateProduct(
                    name=name,
                    category_id=shirts,
                    description=f"{name} for every day.",
                    attributes={"fabric": name.split()[1].lower()},
                    variants=variants,
                ),
            )
            await catalog.change_status().publish(Actor.system(), product_id)
            view = await catalog.queries().staff_product(product_id)
            await inventory.count_stock().open_with({variant.id: 5 for variant in view.variants})
        await self.settle()


async def _world(settings: Settings) -> AsyncIterator[World]:
    # The index gathers changes for a second before it writes them; here nothing else is coming.
    settings = msgspec.structs.replace(settings, search_refresh_seconds=0.0)
    app = new_app(settings) if settings.storage == "memory" else App(settings)
    client = AsgiClient(staged(settings, app))
    # On memory nothing has to be started, and no job runs beside what a test does.
    async with client if settings.storage == "postgres" else nullcontext():
        world = World(app, client)
        await world.stock_up()
        yield world


@pytest.fixture
async def memory_world(tmp_path: Path) -> AsyncIterator[World]:
    async for world in _world(Settings(storage="memory", data_dir=str(tmp_path))):
        yield world


@pytest.fixture
async def postgres_world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async for world in _world(Settings(database_url=database_url, data_dir=str(tmp_path))):
        yield world


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.services)])
def world(request: pytest.FixtureRequest) -> World:
    found: World = request.getfixturevalue(f"{request.param}_world")
    return found
