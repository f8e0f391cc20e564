"""Search on each kind of index, beside a small catalogue that a test can change."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from dependency_injector import containers, providers

from merx.contexts.catalog.api import CategoryRef, ProductDocument, VariantDocument
from merx.contexts.search.adapters.memory import MemorySearchIndex
from merx.contexts.search.adapters.neighbours import CatalogProducts
from merx.contexts.search.adapters.tantivy.index import FolderSearchIndex, TantivyIndex
from merx.contexts.search.container import SearchContainer
from merx.contexts.search.domain.documents import ListedProduct
from merx.contexts.search.domain.facets import Selection
from merx.contexts.search.usecases.find_products import FindProducts, FindProductsHandler, SearchPage
from merx.contexts.search.usecases.reindex import ReindexHandler
from merx.infra.guest_tokens import GuestTokens
from merx.infra.http.parts import HttpParts
from merx.infra.idempotency.memory import MemoryIdempotency
from merx.infra.memory import MemoryStore
from merx.infra.settings import Settings
from merx.infra.tokens import AccessTokens
from merx.kernel.actor import ActorKind
from merx.kernel.errors import Unavailable
from merx.kernel.ids import new_id
from merx.kernel.money import Money
from merx.kernel.text import slugify
from tests.support.asgi import AsgiClient
from tests.support.clock import FixedClock
from tests.support.stage import staged

NOW = datetime(2025, 6, 1, tzinfo=UTC)


def variant(sku: str, price: int = 10_00, available: int = 5, currency: str = "USD", **options: str) -> VariantDocument:
    return VariantDocument(new_id(), sku, options, Money(price, currency), available, [])


def document(
    name: str,
    *variants: VariantDocument,
    brand: str = "Acme",
    categories: Sequence[str] = ("Home", "Lamps"),
    **more: Any,
) -> ProductDocument:
    refs = [CategoryRef(UUID(int=hash(c) & (2**64 - 1)), slugify(c), c) for c in categories]
    key = new_id()
    fields: dict[str, Any] = {
        "product_id": key,
        "version": 1,
        "visible": True,
        "slug": f"{slugify(name)}-{key.hex[-6:]}",
        "name": name,
        "brand": brand,
        "brand_slug": slugify(brand),
        "categories": refs,
        "description": "",
        "model": "",
        "external_id": "",
        "attributes": {},
        "variants": list(variants) or [variant(f"SKU-{key.hex[-8:]}")],
        "created_at": NOW,
    }
    return ProductDocument(**(fields | more))


def listed(made: ProductDocument) -> ListedProduct:
    return msgspec.convert(made, ListedProduct, from_attributes=True)


class Catalogue:
    """Implements the part of CatalogApi that search uses."""

    def __init__(self) -> None:
        self.shown: dict[UUID, ProductDocument] = {}
        self.asked: list[list[UUID]] = []
        self.away = False
        self.may_export = asyncio.Event()
        self.may_export.set()

    def add(self, *documents: ProductDocument) -> list[UUID]:
        self.shown |= {made.product_id: made for made in documents}
        return [made.product_id for made in documents]

    def change(self, key: UUID, **fields: Any) -> None:
        held = self.shown[key]
        self.shown[key] = msgspec.structs.replace(held, version=held.version + 1, **fields)

    async def documents(self, product_ids: Sequence[UUID]) -> list[ProductDocument]:
        if self.away:
            raise Unavailable
        self.asked.append(list(product_ids))
        return [self.shown[key] for key in product_ids if key in self.shown]

    async def export(self, after: UUID | None, limit: int) -> list[ProductDocument]:
        await self.may_export.wait()
        keys = sorted(key for key, made in self.shown.items() if made.visible and (after is None or key > after))
        return [self.shown[key] for key in keys[:limit]]


class Shop:
    """An index with a catalogue, to be filled and asked."""

    def __init__(self, index: TantivyIndex) -> None:
        self.index = index
        self.catalogue = Catalogue()
        self.products = CatalogProducts(self.catalogue)
        self.reindex = ReindexHandler(index, self.products)
        self.find_products = FindProductsHandler(index)

    async def sell(self, *documents: ProductDocument) -> list[UUID]:
        keys = self.catalogue.add(*documents)
        await self.reindex()
        return keys

    async def find(self, text: str = "", **more: Any) -> SearchPage:
        return await self.find_products(FindProducts(text=text, **more))

    async def names(self, text: str = "", **more: Any) -> list[str]:
        page = await self.find(text, facets=(), **more)
        return [msgspec.json.decode(item)["name"] for item in page.items]


@pytest.fixture(params=["memory", pytest.param("folder", marks=pytest.mark.services)])
async def shop(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shop]:
    index = MemorySearchIndex() if request.param == "memory" else FolderSearchIndex(tmp_path / "search")
    yield Shop(index)
    await index.close()


@pytest.fixture
async def quick_shop() -> AsyncIterator[Shop]:
    index = MemorySearchIndex()
    yield Shop(index)
    await index.close()


class HeardOutbox:
    """Keeps what was emitted."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    async def write(self, _: Any, events: Any) -> list[Any]:
        self.events += events
        return []

    def nudge(self, _: Any) -> None:
        """Nobody listens."""


class Office:
    """The wired context on memory."""

    def __init__(self) -> None:
        self.settings = Settings(storage="memory", search_refresh_seconds=0.01)
        self.catalogue = Catalogue()
        self.outbox = HeardOutbox()
        clock = FixedClock()
        self.access_tokens = AccessTokens(Ed25519PrivateKey.generate(), issuer="t", audience="t", clock=clock)
        self.guest_tokens = GuestTokens(b"k" * 32)
        infra = containers.DynamicContainer()
        for name, value in {
            "settings": self.settings,
            "storage": "memory",
            "clock": clock,
            "database": None,
            "store": MemoryStore(),
            "outbox": self.outbox,
        }.items():
            infra.set_provider(name, providers.Object(value))
        self.container = SearchContainer(infra=infra, catalog=providers.Object(self.catalogue))

    def http_parts(self) -> HttpParts:
        return HttpParts(
            access_tokens=self.access_tokens,
            guest_tokens=self.guest_tokens,
            controllers=self.container.controllers(),
            dependencies=self.container.handlers(),
            probes=self.container.probes(),
            idempotency=MemoryIdempotency(MemoryStore()),
        )

    async def sell(self, *documents: ProductDocument) -> list[UUID]:
        keys = self.catalogue.add(*documents)
        await self.container.reindex()()
        return keys

    def bearer(self, kind: ActorKind, *permissions: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.access_tokens.issue(new_id(), kind, permissions)}"}


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    found = Office()
    yield found
    await found.container.index().close()


@pytest.fixture
async def client(office: Office) -> AsyncIterator[AsgiClient]:
    async with AsgiClient(staged(office.settings, office)) as found:
        yield found


IN_STOCK = Selection(in_stock=True)


async def pages(*products: ListedProduct) -> AsyncIterator[list[ListedProduct]]:
    yield list(products)


def nothing_again(_: Sequence[UUID]) -> AsyncIterator[list[ListedProduct]]:
    return pages()
