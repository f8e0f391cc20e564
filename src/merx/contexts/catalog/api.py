"""What other contexts may ask the catalogue."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from merx.kernel.money import Money

Attribute = str | int | float | bool


class SellableVariant(msgspec.Struct, frozen=True):
    """A variant as a cart needs it. `available` is what the catalogue last heard; checkout asks the inventory."""

    variant_id: UUID
    product_id: UUID
    product_name: str
    product_slug: str
    sku: str
    options: dict[str, str]
    price: Money
    on_sale: bool
    available: int
    weight_grams: int = 0


class VariantDocument(msgspec.Struct, frozen=True):
    variant_id: UUID
    sku: str
    options: dict[str, str]
    price: Money
    available: int
    barcodes: list[str]


class CategoryRef(msgspec.Struct, frozen=True):
    id: UUID
    slug: str
    name: str


class ProductDocument(msgspec.Struct, frozen=True):
    """All that a search index or a feed needs of one product. `categories` runs from the root to the leaf.

    `version` grows with every change that a shopper can see, so that a late copy can be told from a newer one.
    """

    product_id: UUID
    version: int
    visible: bool
    slug: str
    name: str
    brand: str
    brand_slug: str
    categories: list[CategoryRef]
    description: str
    model: str
    external_id: str
    attributes: dict[str, Attribute]
    variants: list[VariantDocument]
    created_at: datetime


class CatalogApi(Protocol):
    async def variants(self, ids: Sequence[UUID]) -> dict[UUID, SellableVariant]:
        """Those that exist. `on_sale` is False when product or variant is not active."""
        ...

    async def documents(self, product_ids: Sequence[UUID]) -> list[ProductDocument]:
        """Current state of products; `visible` is False for those that are withdrawn, unknown ids are left out."""
        ...

    async def export(self, after: UUID | None, limit: int) -> list[ProductDocument]:
        """Visible products in id order after a given id, for a full reindex. An empty list ends it."""
        ...
