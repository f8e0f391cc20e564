"""CatalogApi in memory, and the committed rows as the read side needs them."""

import copy
from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from merx.contexts.catalog.adapters.memory.storefront import is_visible
from merx.contexts.catalog.adapters.memory.tables import (
    BRANDS,
    BY_SLUG,
    BY_VARIANT,
    CATEGORIES,
    LEVELS,
    PRODUCTS,
    SLUGS,
)
from merx.contexts.catalog.api import CategoryRef, ProductDocument, SellableVariant, VariantDocument
from merx.contexts.catalog.domain.product import Product, ProductStatus, Variant
from merx.contexts.catalog.domain.taxonomy import Brand, Category, Crumb
from merx.contexts.catalog.ports.repositories import Level
from merx.infra.memory import MemoryStore


class MemoryShelf:
    """Committed rows as the read side needs them."""

    def __init__(self, store: MemoryStore) -> None:
        self.products: dict[UUID, Product] = store.table(PRODUCTS)
        self.categories: dict[UUID, Category] = store.table(CATEGORIES)
        self.brands: dict[UUID, Brand] = store.table(BRANDS)
        self.slugs: dict[tuple[str, str], UUID] = store.table(SLUGS)
        self.by_slug: dict[str, UUID] = store.table(BY_SLUG)
        self._by_variant: dict[UUID, UUID] = store.table(BY_VARIANT)
        self._levels: dict[UUID, Level] = store.table(LEVELS)

    def available(self, variant_id: UUID) -> int:
        level = self._levels.get(variant_id)
        return level.available if level else 0

    def visible(self) -> Iterator[Product]:
        return filter(is_visible, self.products.values())

    def variant(self, variant_id: UUID) -> tuple[Product, Variant] | None:
        product = self.products.get(self._by_variant.get(variant_id, variant_id))
        return None if product is None else (product, product.variant(variant_id))

    def trail(self, product: Product) -> list[Crumb]:
        category = self.categories.get(product.category_id) if product.category_id else None
        return category.trail if category else []

    def brand(self, product: Product) -> Brand | None:
        return self.brands.get(product.brand_id) if product.brand_id else None


class MemoryCatalog:
    """CatalogApi in memory."""

    def __init__(self, store: MemoryStore) -> None:
        self._shelf = MemoryShelf(store)

    async def variants(self, ids: Sequence[UUID]) -> dict[UUID, SellableVariant]:
        return {
            variant.id: SellableVariant(
                variant.id,
                product.id,
                product.name,
                product.slug,
                variant.sku,
                dict(variant.options),
                variant.price,
                variant.active and product.status is ProductStatus.active,
                self._shelf.available(variant.id),
                variant.weight_grams,
            )
            for product, variant in filter(None, map(self._shelf.variant, ids))
        }

    async def documents(self, product_ids: Sequence[UUID]) -> list[ProductDocument]:
        found = map(self._shelf.products.get, dict.fromkeys(product_ids))
        return [self._document(product) for product in found if product is not None]

    async def export(self, after: UUID | None, limit: int) -> list[ProductDocument]:
        later: Iterable[Product] = (p for p in self._shelf.visible() if after is None or p.id > after)
        return [self._document(product) for product in sorted(later, key=lambda product: product.id)[:limit]]

    def _document(self, product: Product) -> ProductDocument:
        brand = self._shelf.brand(product)
        return ProductDocument(
            product_id=product.id,
            version=product.version,
            visible=is_visible(product),
            slug=product.slug,
            name=product.name,
            brand=brand.name if brand else "",
            brand_slug=brand.slug if brand else "",
            categories=[CategoryRef(crumb.id, crumb.slug, crumb.name) for crumb in self._shelf.trail(product)],
            description=product.description,
            model=product.model,
            external_id=product.external_id or "",
            attributes=copy.deepcopy(product.attributes),
            variants=[
                VariantDocument(v.id, v.sku, dict(v.options), v.price, self._shelf.available(v.id), list(v.barcodes))
                for v in product.variants
                if v.active
            ],
            created_at=product.created_at,
        )
