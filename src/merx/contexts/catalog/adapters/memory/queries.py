"""Screens of the catalogue, computed from the aggregates."""

from typing import Any
from uuid import UUID

import msgspec

from merx.contexts.catalog.adapters.memory.shelf import MemoryShelf
from merx.contexts.catalog.adapters.memory.storefront import is_visible, main_variants
from merx.contexts.catalog.domain.errors import BrandNotFound, CategoryNotFound, ProductNotFound
from merx.contexts.catalog.domain.product import Product, Variant, readings
from merx.contexts.catalog.domain.taxonomy import Brand, Category
from merx.contexts.catalog.ports.keys import brand_cursor, id_or_slug, list_cursor, name_key, next_cursor
from merx.contexts.catalog.ports.queries import (
    BrandRef,
    BrandView,
    CategoryDetail,
    CategoryNode,
    ListFilter,
    Moved,
    ProductDetail,
    ProductSummary,
    Sort,
    StaffProduct,
    VariantView,
)
from merx.contexts.catalog.ports.tree import build_tree
from merx.infra.memory import MemoryStore
from merx.kernel.errors import NotFound
from merx.kernel.paging import Page, encode_cursor


class MemoryCatalogQueries:
    def __init__(self, store: MemoryStore) -> None:
        self._shelf = MemoryShelf(store)

    def _moved(self, kind: str, slug: str, rows: dict[UUID, Any], missing: type[NotFound]) -> Moved:
        row = rows.get(self._shelf.slugs.get((kind, slug), UUID(int=0)))
        if row is None or (kind == "product" and not is_visible(row)):
            raise missing
        return Moved(row.slug)

    async def product(self, key: str) -> ProductDetail | Moved:
        wanted = id_or_slug(key)
        product_id = wanted if isinstance(wanted, UUID) else self._shelf.by_slug.get(wanted or "")
        product = self._shelf.products.get(product_id) if product_id else None
        if product is not None and is_visible(product):
            return self._detail(product)
        return self._moved("product", key, self._shelf.products, ProductNotFound)

    def _detail(self, product: Product) -> ProductDetail:
        brand = self._shelf.brand(product)
        summary = self._summary(product)
        return ProductDetail(
            product.id,
            product.slug,
            product.name,
            BrandRef(brand.id, brand.slug, brand.name) if brand else None,
            list(self._shelf.trail(product)),
            product.description,
            product.model,
            dict(product.attributes),
            summary.price_from,
            summary.price_to,
            summary.in_stock,
            [
                VariantView(v.id, v.sku, dict(v.options), v.price, self._shelf.available(v.id), list(v.barcodes))
                for v in product.variants
                if v.active
            ],
            product.updated_at,
        )

    def _summary(self, product: Product) -> ProductSummary:
        brand = self._shelf.brand(product)
        priced = main_variants(product)
        prices = sorted(variant.price.amount for variant in priced)
        money = type(priced[0].price)
        currency = priced[0].price.currency
        return ProductSummary(
            product.id,
            product.slug,
            product.name,
            brand.name if brand else None,
            brand.slug if brand else None,
            money(prices[0], currency),
            money(prices[-1], currency),
            self._in_stock(priced),
            len(priced),
        )

    def _fits(self, product: Product, wanted: ListFilter) -> bool:
        priced = main_variants(product)
        price = min(variant.price.amount for variant in priced)
        return (
            (wanted.price_min is None or price >= wanted.price_min)
            and (wanted.price_max is None or price <= wanted.price_max)
            and (wanted.currency is None or priced[0].price.currency == wanted.currency)
            and (wanted.in_stock is None or self._in_stock(priced) is wanted.in_stock)
            and all(_says(product.attributes.get(name), text) for name, text in wanted.attributes)
        )

    def _in_stock(self, variants: list[Variant]) -> bool:
        return sum(self._shelf.available(variant.id) for variant in variants) > 0

    async def products(self, wanted: ListFilter) -> Page[ProductSummary]:
        category = None if wanted.category is None else self._category(wanted.category)
        brand = None if wanted.brand is None else self._brand(wanted.brand)
        if wanted.category is not None and category is None:
            raise CategoryNotFound
        if wanted.brand is not None and brand is None:
            raise BrandNotFound
        last = list_cursor(wanted)
        down = wanted.sort in (Sort.newest, Sort.price_desc)
        found = []
        for product in self._shelf.visible():
            if category and not any(crumb.id == category.id for crumb in self._shelf.trail(product)):
                continue
            if brand and product.brand_id != brand.id:
                continue
            key = (_sort_key(product, wanted.sort), product.id)
            if (last is None or (key < last if down else key > last)) and self._fits(product, wanted):
                found.append((key, product))
        found.sort(key=lambda item: item[0], reverse=down)
        page = found[: wanted.limit]
        following = next_cursor(*page[-1][0]) if len(found) > wanted.limit else None
        return Page([self._summary(product) for _, product in page], following)

    def _category(self, key: str) -> Category | None:
        return next((c for c in self._shelf.categories.values() if id_or_slug(key) in (c.id, c.slug)), None)

    def _brand(self, key: str) -> Brand | None:
        return next((b for b in self._shelf.brands.values() if id_or_slug(key) in (b.id, b.slug)), None)

    def _nodes(self) -> list[tuple[UUID, str, str, int, UUID | None]]:
        counts: dict[UUID, int] = {}
        for product in self._shelf.visible():
            for crumb in self._shelf.trail(product):
                counts[crumb.id] = counts.get(crumb.id, 0) + 1
        ordered = sorted(self._shelf.categories.values(), key=lambda c: (c.position, name_key(c.name), c.id))
        return [(c.id, c.slug, c.name, counts.get(c.id, 0), c.parent_id) for c in ordered]

    async def category_tree(self) -> list[CategoryNode]:
        return build_tree(self._nodes())

    async def category(self, key: str) -> CategoryDetail | Moved:
        found = self._category(key)
        if found is None:
            return self._moved("category", key, self._shelf.categories, CategoryNotFound)
        nodes = self._nodes()
        count = next(node[3] for node in nodes if node[0] == found.id)
        below = [CategoryNode(node[0], node[1], node[2], node[3], []) for node in nodes if node[4] == found.id]
        return CategoryDetail(found.id, found.slug, found.name, count, list(found.trail), below, found.version)

    def _brand_view(self, brand: Brand) -> BrandView:
        count = sum(product.brand_id == brand.id for product in self._shelf.visible())
        return BrandView(brand.id, brand.slug, brand.name, count, brand.version)

    async def brand(self, key: str) -> BrandView | Moved:
        found = self._brand(key)
        if found is None:
            return self._moved("brand", key, self._shelf.brands, BrandNotFound)
        return self._brand_view(found)

    async def brands(self, limit: int, after: str | None) -> Page[BrandView]:
        last = brand_cursor(after)
        keyed = sorted(((name_key(brand.name), brand.id), brand) for brand in self._shelf.brands.values())
        left = [(key, brand) for key, brand in keyed if last is None or key > last]
        following = None
        if len(left) > limit:
            name, last_id = left[limit - 1][0]
            following = encode_cursor(name, str(last_id))
        return Page([self._brand_view(brand) for _, brand in left[:limit]], following)

    async def staff_product(self, product_id: UUID) -> StaffProduct:
        product = self._shelf.products.get(product_id)
        if product is None:
            raise ProductNotFound
        return msgspec.convert(product, StaffProduct, from_attributes=True)


def _says(value: object, text: str) -> bool:
    """Whether an attribute is what a filter asks for; true is not 1."""
    return any(value == wanted and isinstance(value, bool) is isinstance(wanted, bool) for wanted in readings(text))


def _sort_key(product: Product, sort: Sort) -> Any:
    match sort:
        case Sort.newest:
            return product.created_at
        case Sort.name:
            return name_key(product.name)
        case Sort.price | Sort.price_desc:
            return min(variant.price.amount for variant in main_variants(product))
