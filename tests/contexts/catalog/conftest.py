"""The catalogue among its real neighbours, on each storage, with a clock that stands still."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from dependency_injector import providers

from merx.bootstrap.container import App
from merx.contexts.catalog.ports.queries import ListFilter, ProductDetail
from merx.contexts.catalog.ports.repositories import Level, LevelChange
from merx.contexts.catalog.usecases.commands import CreateBrand, CreateCategory, CreateProduct, NewVariant, Price
from merx.infra.settings import Settings
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.ids import new_id
from tests.support.apps import PATIENT, new_app
from tests.support.asgi import AsgiClient
from tests.support.clock import FixedClock
from tests.support.drain import drain
from tests.support.news import told
from tests.support.stage import staged


def variant(sku: str, amount: int = 10_00, currency: str = "USD", **options: str) -> NewVariant:
    return NewVariant(sku=sku, price=Price(amount=amount, currency=currency), options=options)


class Shop:
    """The whole application, and shortcuts for what many tests do."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.clock = FixedClock()
        app.infra.clock.override(providers.Object(self.clock))
        app.registry.silence("search.")  # has tests of its own
        self.catalog = app.contexts.catalog
        self.queries = app.contexts.catalog.queries()

    async def category(self, name: str, parent_id: UUID | None = None, **fields: Any) -> UUID:
        command = CreateCategory(name=name, parent_id=parent_id, **fields)
        found: UUID = await self.catalog.create_category()(Actor.system(), command)
        return found

    async def brand(self, name: str) -> UUID:
        found: UUID = await self.catalog.edit_brand().create(Actor.system(), CreateBrand(name=name))
        return found

    async def draft(self, name: str = "Lamp", *variants: NewVariant, **fields: Any) -> UUID:
        given = list(variants) or [variant(f"S-{new_id().hex[-12:]}")]
        found: UUID = await self.catalog.create_product()(
            Actor.system(), CreateProduct(name=name, variants=given, **fields)
        )
        return found

    async def product(self, name: str = "Lamp", *variants: NewVariant, **fields: Any) -> UUID:
        """A visible one; each a minute newer than the one before."""
        product_id = await self.draft(name, *variants, **fields)
        await self.catalog.change_status().publish(Actor.system(), product_id)
        self.clock.advance(timedelta(minutes=1))
        return product_id

    async def detail(self, key: UUID | str) -> ProductDetail:
        found = await self.queries.product(str(key))
        assert isinstance(found, ProductDetail), found
        return found

    async def names(self, **wanted: Any) -> list[str]:
        """Names of the products in a list, all pages of it."""
        names: list[str] = []
        after = None
        while True:
            page = await self.queries.products(ListFilter(**{"limit": 3, "after": after, **wanted}))
            names += [item.name for item in page.items]
            after = page.next
            if after is None:
                return names

    async def levels(self, *levels: tuple[UUID, int, int]) -> LevelChange:
        """(variant, available, sequence), as the inventory would tell it."""
        async with self.catalog.uow() as uow:
            change = await uow.storefront.set_levels([Level(*level) for level in levels])
            await uow.commit()
        return change

    async def settle(self) -> None:
        await drain(self.app.deliverer, self.app.infra.deliveries())

    async def told(self) -> list[str]:
        return await told(self.app)

    def staff(self, permissions: Sequence[str] = ("catalog:read", "catalog:write")) -> dict[str, str]:
        token = self.app.infra.access_tokens().issue(new_id(), ActorKind.staff, tuple(permissions))
        return {"authorization": f"Bearer {token}"}


@pytest.fixture
async def memory_shop() -> AsyncIterator[Shop]:
    app = new_app()
    yield Shop(app)
    await app.close()


@pytest.fixture
async def postgres_shop(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    app = App(Settings(database_url=database_url, data_dir=str(folder), **PATIENT))
    yield Shop(app)
    await app.close()


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.services)])
def shop(request: pytest.FixtureRequest) -> Shop:
    found: Shop = request.getfixturevalue(f"{request.param}_shop")
    return found


@pytest.fixture
async def client(memory_shop: Shop) -> AsgiClient:
    return AsgiClient(staged(memory_shop.app.settings, memory_shop.app))
