"""Screens of the catalogue, computed from the aggregates."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from merx.contexts.catalog.adapters.memory.shelf import MemoryShelf
from merx.contexts.catalog.adapters.memory.uow import main_variants
from merx.contexts.catalog.domain.errors import BrandNotFound, CategoryNotFound, ProductNotFound
from merx.contexts.catalog.domain.product import Product
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
    StaffVariant,
    VariantView,
)
from merx.contexts.catalog.ports.tree import build_tree
from merx.infra.memory import MemoryStore
from merx.kernel.paging import InvalidCursor, Page, decode_cursor, encode_cursor

_KEYS: dict[Sort, Callable[[Product, int], Any]] = {
    Sort.newest: lambda product, _: product.created_at,
    Sort.name: lambda product, _: product.name,
    Sort.price: lambda _, price: price,
    Sort.price_desc: lambda _, price: price,
}


class MemoryCatalogQueries:
    def __init__(self, store: MemoryStore) -> None:
        self._shelf = MemoryShelf(store)

    def _moved(self, kind: str, slug: str, rows: dict[UUID, Any]) -> Moved | None:
        entity_id = self._shelf.slugs.get((kind, slug))
        row = rows.get(entity_id) if entity_id else None
        return Moved(row.slug) if row is not None else None

    async def product(self, id_or_slug: str) -> ProductDetail | Moved:
        for product in self._shelf.visible():
            if id_or_slug in (product.slug, str(product.id)):
                return self._detail(product)
        moved = self._moved("product", id_or_slug, {p.id: p for p in self._shelf.visible()})
        if moved is None:
            raise ProductNotFound
        return moved

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
            any(self._shelf.available(variant.id) > 0 for variant in priced),
            len(priced),
        )

    def _fits(self, product: Product, row: ProductSummary, wanted: ListFilter) -> bool:
        price = row.price_from.amount
        return (
            (wanted.category_id is None or any(crumb.id == wanted.category_id for crumb in self._shelf.trail(product)))
            and (wanted.brand_id is None or product.brand_id == wanted.brand_id)
            and (wanted.price_min is None or price >= wanted.price_min)
            and (wanted.price_max is None or price <= wanted.price_max)
            and (wanted.currency is None or row.price_from.currency == wanted.currency)
            and (wanted.in_stock is None or row.in_stock is wanted.in_stock)
            and all(product.attributes.get(name) == value for name, value in wanted.attributes)
        )

    async def products(self, wanted: ListFilter) -> Page[ProductSummary]:
        down = wanted.sort in (Sort.newest, Sort.price_desc)
        found = []
        for product in self._shelf.visible():
            row = self._summary(product)
            if self._fits(product, row, wanted):
                found.append(((_KEYS[wanted.sort](product, row.price_from.amount), product.id), row))
        found.sort(key=lambda item: item[0], reverse=down)
        if wanted.after is not None:
            last = self._cursor(wanted)
            found = [item for item in found if (item[0] < last if down else item[0] > last)]
        page = found[: wanted.limit]
        following = None
        if len(found) > wanted.limit:
            key, last_id = page[-1][0]
            following = encode_cursor(key.isoformat() if isinstance(key, datetime) else key, str(last_id))
        return Page([row for _, row in page], following)

    def _cursor(self, wanted: ListFilter) -> tuple[Any, UUID]:
        key, last = decode_cursor(wanted.after or "", 2)
        try:
            if wanted.sort is Sort.newest:
                moment = datetime.fromisoformat(str(key))
                if moment.tzinfo is None:
                    raise ValueError("naive")
                return moment, UUID(str(last))
            if wanted.sort is Sort.name:
                return str(key), UUID(str(last))
            if not isinstance(key, int):
                raise TypeError("price")
            return key, UUID(str(last))
        except (TypeError, ValueError):
            raise InvalidCursor("use the `next` value of the page before") from None

    def _nodes(self) -> list[tuple[UUID, str, str, int, UUID | None]]:
        counts: dict[UUID, int] = {}
        for product in self._shelf.visible():
            for crumb in self._shelf.trail(product):
                counts[crumb.id] = counts.get(crumb.id, 0) + 1
        ordered = sorted(self._shelf.categories.values(), key=lambda c: (c.position, c.name, c.id))
        return [(c.id, c.slug, c.name, counts.get(c.id, 0), c.parent_id) for c in ordered]

    async def category_tree(self) -> list[CategoryNode]:
        return build_tree(self._nodes())

    async def category(self, id_or_slug: str) -> CategoryDetail | Moved:
        nodes = self._nodes()
        for node in nodes:
            if id_or_slug in (node[1], str(node[0])):
                below = [CategoryNode(n[0], n[1], n[2], n[3], []) for n in nodes if n[4] == node[0]]
                trail = list(self._shelf.categories[node[0]].trail)
                return CategoryDetail(node[0], node[1], node[2], node[3], trail, below)
        moved = self._moved("category", id_or_slug, self._shelf.categories)
        if moved is None:
            raise CategoryNotFound
        return moved

    def _brand_views(self) -> list[BrandView]:
        counts: dict[UUID | None, int] = {}
        for product in self._shelf.visible():
            counts[product.brand_id] = counts.get(product.brand_id, 0) + 1
        brands = sorted(self._shelf.brands.values(), key=lambda brand: (brand.name, brand.id))
        return [BrandView(brand.id, brand.slug, brand.name, counts.get(brand.id, 0)) for brand in brands]

    async def brand(self, id_or_slug: str) -> BrandView | Moved:
        for view in self._brand_views():
            if id_or_slug in (view.slug, str(view.id)):
                return view
        moved = self._moved("brand", id_or_slug, self._shelf.brands)
        if moved is None:
            raise BrandNotFound
        return moved

    async def brands(self, limit: int, after: str | None) -> Page[BrandView]:
        views = self._brand_views()
        if after is not None:
            name, last = decode_cursor(after, 2)
            try:
                start = (str(name), UUID(str(last)))
            except ValueError:
                raise InvalidCursor("use the `next` value of the page before") from None
            views = [view for view in views if (view.name, view.id) > start]
        page = views[:limit]
        following = encode_cursor(page[-1].name, str(page[-1].id)) if len(views) > limit else None
        return Page(page, following)

    async def staff_product(self, product_id: UUID) -> StaffProduct:
        product = self._shelf.products.get(product_id)
        if product is None:
            raise ProductNotFound
        variants = [
            StaffVariant(v.id, v.sku, dict(v.options), v.price, list(v.barcodes), v.weight_grams, v.active)
            for v in product.variants
        ]
        return StaffProduct(
            product.id,
            product.version,
            product.slug,
            product.name,
            product.status,
            product.brand_id,
            product.category_id,
            product.description,
            product.model,
            product.external_id,
            dict(product.attributes),
            variants,
            product.created_at,
            product.updated_at,
        )
