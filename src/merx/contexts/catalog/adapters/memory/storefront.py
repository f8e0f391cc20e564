"""Nothing is kept beside the aggregates in memory: the storefront is computed on read."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from merx.contexts.catalog.adapters.memory.tables import BRANDS, CATEGORIES, LEVELS, SLUGS, ProductTable
from merx.contexts.catalog.domain.product import Product, ProductStatus, Variant
from merx.contexts.catalog.domain.taxonomy import Category, Crumb
from merx.contexts.catalog.ports.repositories import Level, LevelChange
from merx.infra.memory import MemoryTx


def main_variants(product: Product) -> list[Variant]:
    """The active variants in the currency of the first: those that price the product."""
    active = [variant for variant in product.variants if variant.active]
    return [variant for variant in active if variant.price.currency == active[0].price.currency]


def is_visible(product: Product) -> bool:
    return product.status is ProductStatus.active and any(variant.active for variant in product.variants)


class MemoryStorefront:
    def __init__(self, tx: MemoryTx) -> None:
        self._products = ProductTable(tx)
        self._categories = tx.table(CATEGORIES)
        self._brands = tx.table(BRANDS)
        self._levels = tx.table(LEVELS)
        self._slugs = tx.table(SLUGS)

    async def hold_taxonomy(self) -> None:
        """Units of work run one at a time."""

    async def own_taxonomy(self) -> None:
        """As above."""

    async def replant(self, category: Category, before: Sequence[Crumb]) -> None:
        for below in list(self._categories.values()):
            if below.id != category.id and below.is_below(category.id):
                below.trail = [*category.trail, *below.trail[len(before) :]]
                self._categories.put(below.id, below)

    async def refresh(self, product_ids: Sequence[UUID]) -> None:
        """Nothing to bring up to date."""

    async def touch(self, product_ids: Sequence[UUID]) -> None:
        for product_id in product_ids:
            product = self._products.get(product_id)
            if product is not None:
                product.version += 1
                self._products.put(product, product)

    async def recount(self) -> None:
        """Counts are computed on read."""

    async def set_levels(self, levels: Sequence[Level]) -> LevelChange:
        newer = []
        for level in sorted(levels, key=lambda level: level.sequence):
            known = self._levels.get(level.variant_id)
            if known is None or known.sequence < level.sequence:
                newer.append(level)
        owners = {self._products.owner_of_variant(level.variant_id) for level in newer}
        touched = [p for p in map(self._products.get, filter(None, owners)) if p is not None and is_visible(p)]
        before = {product.id: self._in_stock(product) for product in touched}
        for level in newer:
            self._levels.put(level.variant_id, level)
        crossed = [product.id for product in touched if self._in_stock(product) != before[product.id]]
        return LevelChange([product.id for product in touched], crossed)

    def _in_stock(self, product: Product) -> bool:
        levels: list[Level] = list(filter(None, (self._levels.get(v.id) for v in main_variants(product))))
        return sum(level.available for level in levels) > 0

    async def subtree(self, category_id: UUID) -> list[UUID]:
        return [category.id for category in self._categories.values() if category.is_below(category_id)]

    async def product_ids_in_category(self, category_id: UUID) -> list[UUID]:
        below = set(await self.subtree(category_id))
        return sorted(product.id for product in self._products.rows.values() if product.category_id in below)

    async def product_ids_of_brand(self, brand_id: UUID) -> list[UUID]:
        return sorted(product.id for product in self._products.rows.values() if product.brand_id == brand_id)

    async def remember_slug(self, kind: str, old: str, entity_id: UUID, at: datetime) -> None:
        self._slugs.put((kind, old), entity_id)
