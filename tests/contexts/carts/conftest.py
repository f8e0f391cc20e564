"""Carts on each storage, beside small neighbours that a test can change."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from dependency_injector import containers, providers

from merx.contexts.carts.container import CartsContainer
from merx.contexts.carts.ports.queries import CartView
from merx.contexts.carts.usecases.access import Visitor
from merx.contexts.carts.usecases.delivery import ChooseShipping, SetAddress
from merx.contexts.carts.usecases.edit_lines import AddLine
from merx.contexts.carts.usecases.merge_carts import MergeCarts
from merx.contexts.carts.usecases.open_cart import OpenCart
from merx.contexts.catalog.api import SellableVariant
from merx.contexts.shipping.api import Parcel, ShippingOption
from merx.infra.guest_tokens import GuestTokens
from merx.infra.http.parts import HttpParts
from merx.infra.idempotency.memory import MemoryIdempotency
from merx.infra.memory import MemoryStore
from merx.infra.postgres import Database
from merx.infra.settings import Settings
from merx.infra.tokens import AccessTokens
from merx.kernel.actor import ActorKind
from merx.kernel.address import Address
from merx.kernel.ids import new_id
from merx.kernel.money import Money
from tests.support.asgi import AsgiClient
from tests.support.clock import FixedClock
from tests.support.customers import customer
from tests.support.stage import staged

GUEST = Visitor(customer(None), True)
STRANGER = Visitor(customer(new_id()), False)
ADDRESS = Address(
    name="Ada", line1="1 Market Street", city="San Francisco", country="US", region="CA", postal_code="94105"
)
EMAIL = "ada@example.com"


class Catalogue:
    """Implements the part of CatalogApi that carts use."""

    def __init__(self) -> None:
        self.sold: dict[UUID, SellableVariant] = {}
        self.asked: list[list[UUID]] = []

    def sell(
        self, name: str = "Lamp", price: int = 10_00, currency: str = "USD", available: int = 50, weight: int = 400
    ) -> UUID:
        key = new_id()
        self.sold[key] = SellableVariant(
            key,
            new_id(),
            name,
            name.lower(),
            f"SKU-{name}",
            {"colour": "red"},
            Money(price, currency),
            True,
            available,
            weight,
        )
        return key

    def change(self, key: UUID, **fields: Any) -> None:
        self.sold[key] = msgspec.structs.replace(self.sold[key], **fields)

    async def variants(self, ids: Sequence[UUID]) -> dict[UUID, SellableVariant]:
        self.asked.append(list(ids))
        return {key: self.sold[key] for key in ids if key in self.sold}


class Warehouse:
    """Implements the part of InventoryApi that carts use: what the catalogue says, unless a test knows better."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self.counted: dict[UUID, int] = {}

    async def available(self, variant_ids: Sequence[UUID]) -> dict[UUID, int]:
        sold = self._catalogue.sold
        return {key: self.counted.get(key, sold[key].available if key in sold else 0) for key in variant_ids}


class Carrier:
    """Implements ShippingApi: two methods, to the US only; the slow one is free from 100.00."""

    def __init__(self) -> None:
        self.slow, self.fast = new_id(), new_id()
        self.price = 5_00
        self.parcels: list[Parcel] = []

    async def options(self, parcel: Parcel) -> list[ShippingOption]:
        self.parcels.append(parcel)
        if parcel.country != "US":
            return []
        currency = parcel.items_total.currency
        slow = 0 if parcel.items_total.amount >= 100_00 else self.price
        return [
            ShippingOption(self.slow, "standard", "Standard", Money(slow, currency), 3, 5),
            ShippingOption(self.fast, "express", "Express", Money(15_00, currency), 1, 2),
        ]


class SilentOutbox:
    async def write(self, _: Any, events: Any) -> list[Any]:
        raise AssertionError(f"unexpected events: {events}")

    def nudge(self, _: Any) -> None:
        raise AssertionError("nothing was written")


class Shop:
    """The wired context, and shortcuts for what many tests do."""

    def __init__(self, storage: str, database: Database | None = None) -> None:
        self.clock = FixedClock()
        self.settings = Settings(storage=storage)
        self.access_tokens = AccessTokens(Ed25519PrivateKey.generate(), issuer="t", audience="t", clock=self.clock)
        self.guest_tokens = GuestTokens(b"k" * 32)
        self.catalogue = Catalogue()
        self.warehouse = Warehouse(self.catalogue)
        self.carrier = Carrier()
        infra = containers.DynamicContainer()
        for name, value in {
            "settings": self.settings,
            "storage": storage,
            "clock": self.clock,
            "database": database,
            "reader": database and database.reader,
            "store": MemoryStore(),
            "outbox": SilentOutbox(),
            "guest_tokens": self.guest_tokens,
            "access_tokens": self.access_tokens,
        }.items():
            infra.set_provider(name, providers.Object(value))
        self.container = CartsContainer(
            infra=infra,
            catalog=providers.Object(self.catalogue),
            inventory=providers.Object(self.warehouse),
            shipping=providers.Object(self.carrier),
        )

    def http_parts(self) -> HttpParts:
        return HttpParts(
            access_tokens=self.access_tokens,
            guest_tokens=self.guest_tokens,
            idempotency=MemoryIdempotency(MemoryStore()),
            controllers=self.container.controllers(),
            dependencies=self.container.handlers(),
        )

    def bearer(self, account_id: UUID | None = None, kind: ActorKind = ActorKind.customer) -> dict[str, str]:
        return {"authorization": f"Bearer {self.access_tokens.issue(account_id or new_id(), kind)}"}

    async def cart(self, customer_id: UUID | None = None, currency: str | None = None) -> CartView:
        view, _ = await self.container.open_cart()(customer(customer_id), OpenCart(currency=currency))
        return view

    async def add(self, cart_id: UUID, variant_id: UUID, quantity: int = 1, visitor: Visitor = GUEST) -> CartView:
        view, _ = await self.container.add_line()(visitor, cart_id, AddLine(variant_id=variant_id, quantity=quantity))
        return view

    async def read(self, cart_id: UUID, visitor: Visitor = GUEST) -> CartView:
        return await self.container.read_cart()(visitor, cart_id)

    async def complete(self, cart_id: UUID) -> None:
        async with self.container.uow() as uow:
            await self.container.api().lock(uow.tx, [cart_id])
            await self.container.api().complete(uow.tx, [cart_id], self.clock.now())
            await uow.commit()


@pytest.fixture
def memory_shop() -> Shop:
    return Shop("memory")


@pytest.fixture
async def postgres_shop(database_url: str) -> AsyncIterator[Shop]:
    database = Database(Settings(database_url=database_url))
    yield Shop("postgres", database)
    await database.close()


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.services)])
def shop(request: pytest.FixtureRequest) -> Shop:
    found: Shop = request.getfixturevalue(f"{request.param}_shop")
    return found


@pytest.fixture
async def client(memory_shop: Shop) -> AsyncIterator[AsgiClient]:
    async with AsgiClient(staged(memory_shop.settings, memory_shop)) as found:
        yield found


async def ready(shop: Shop, price: int = 10_00, quantity: int = 2):
    """A cart with everything that checkout needs, and its variant."""
    variant = shop.catalogue.sell(price=price)
    cart = await shop.cart()
    await shop.add(cart.id, variant, quantity)
    await shop.container.set_address()(GUEST, cart.id, SetAddress(email=EMAIL, address=ADDRESS))
    view = await shop.container.choose_shipping()(GUEST, cart.id, ChooseShipping(method_id=shop.carrier.slow))
    return view, variant


async def merge(shop: Shop, customer_id, cart_id, holds_token: bool = True):
    return await shop.container.merge_carts()(customer(customer_id), holds_token, MergeCarts(cart_id=cart_id))
