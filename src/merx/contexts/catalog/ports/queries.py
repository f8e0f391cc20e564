"""What shoppers and staff read: ports and views. A view's fields are its select list."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

import msgspec

from merx.contexts.catalog.domain.product import ProductStatus
from merx.contexts.catalog.domain.taxonomy import Crumb
from merx.kernel.model import View
from merx.kernel.money import Money
from merx.kernel.paging import Page

NAME_KEY = 60
"""So many characters of a name decide its place in a list, the id decides between equal ones."""


class BrandRef(View, frozen=True):
    id: UUID
    slug: str
    name: str


class VariantView(View, frozen=True):
    """`available` is what the inventory last told; checkout decides."""

    id: UUID
    sku: str
    options: dict[str, str]
    price: Money
    available: int
    barcodes: list[str]


class ProductDetail(View, frozen=True):
    """`categories` runs from the root to the leaf. Prices are per variant; `price_from` and `price_to` span them."""

    id: UUID
    slug: str
    name: str
    brand: BrandRef | None
    categories: list[Crumb]
    description: str
    model: str
    attributes: dict[str, Any]
    price_from: Money
    price_to: Money
    in_stock: bool
    variants: list[VariantView]
    updated_at: datetime


class ProductSummary(View, frozen=True):
    id: UUID
    slug: str
    name: str
    brand: str | None
    brand_slug: str | None
    price_from: Money
    price_to: Money
    in_stock: bool
    variant_count: int


class CategoryNode(View, frozen=True):
    """`product_count` counts the visible products of the whole subtree."""

    id: UUID
    slug: str
    name: str
    product_count: int
    children: list["CategoryNode"]


class CategoryDetail(View, frozen=True):
    """`version` is the number in the ETag that staff sends back with an edit."""

    id: UUID
    slug: str
    name: str
    product_count: int
    trail: list[Crumb]
    children: list["CategoryNode"]
    version: int


class BrandView(View, frozen=True):
    """`version` is the number in the ETag that staff sends back with an edit."""

    id: UUID
    slug: str
    name: str
    product_count: int
    version: int


class StaffVariant(View, frozen=True):
    id: UUID
    sku: str
    options: dict[str, str]
    price: Money
    barcodes: list[str]
    weight_grams: int
    active: bool


class StaffProduct(View, frozen=True):
    """The aggregate as staff edits it; `version` is its ETag."""

    id: UUID
    version: int
    slug: str
    name: str
    status: ProductStatus
    brand_id: UUID | None
    category_id: UUID | None
    description: str
    model: str
    external_id: str | None
    attributes: dict[str, Any]
    variants: list[StaffVariant]
    created_at: datetime
    updated_at: datetime


class Sort(StrEnum):
    newest = "newest"
    price = "price"
    price_desc = "-price"
    name = "name"


class ListFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Prices are in minor units and bound the lowest price of a product.

    `category` and `brand` are ids or present slugs. `attributes` must all match exactly; "2" matches the number 2 too.
    """

    category: str | None = None
    brand: str | None = None
    price_min: int | None = None
    price_max: int | None = None
    currency: str | None = None
    in_stock: bool | None = None
    attributes: tuple[tuple[str, str], ...] = ()
    sort: Sort = Sort.newest
    limit: int = 20
    after: str | None = None


class Moved(msgspec.Struct, frozen=True):
    """The thing asked for lives under another slug now."""

    slug: str


class CatalogQueries(Protocol):
    """Reads for screens.

    `key` is an id or a slug. An unknown one raises the NotFound of its kind, an old slug answers Moved.
    """

    async def product(self, key: str) -> ProductDetail | Moved:
        """A visible product."""
        ...

    async def products(self, wanted: ListFilter) -> Page[ProductSummary]:
        """Visible products in a stable order.

        Raises CategoryNotFound and BrandNotFound for a filter that names none, an old slug included.
        """
        ...

    async def category(self, key: str) -> CategoryDetail | Moved: ...

    async def category_tree(self) -> list[CategoryNode]: ...

    async def brand(self, key: str) -> BrandView | Moved: ...

    async def brands(self, limit: int, after: str | None) -> Page[BrandView]:
        """By name, ASCII letters regardless of case."""
        ...

    async def staff_product(self, product_id: UUID) -> StaffProduct:
        """Whatever its status."""
        ...
