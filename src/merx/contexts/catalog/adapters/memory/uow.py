"""Aggregates in memory, with the rules that the database keeps elsewhere."""

from uuid import UUID

from merx.contexts.catalog.adapters.memory.bulk import MemoryBulk, MemoryImportRuns
from merx.contexts.catalog.adapters.memory.price_steps import MemoryPriceSteps
from merx.contexts.catalog.adapters.memory.storefront import MemoryStorefront
from merx.contexts.catalog.adapters.memory.tables import BRANDS, CATEGORIES, PRODUCTS, ProductTable
from merx.contexts.catalog.domain.errors import (
    BrandNotFound,
    CategoryNotFound,
    NameTaken,
    ProductNotFound,
    SkuTaken,
    SlugTaken,
)
from merx.contexts.catalog.domain.product import Product
from merx.contexts.catalog.domain.taxonomy import Brand, Category
from merx.infra.memory import MemoryRepository, MemoryTx, MemoryUow


class MemoryProducts(MemoryRepository[Product]):
    def __init__(self, tx: MemoryTx) -> None:
        super().__init__(PRODUCTS, tx, missing=ProductNotFound)
        self._table = ProductTable(tx)

    async def add(self, entity: Product) -> None:
        await super().add(entity)
        self._table.index(None, entity)

    async def save(self, entity: Product) -> None:
        old = await self.get(entity.id)
        await super().save(entity)
        self._table.index(old, entity)

    def _check(self, entity: Product) -> None:
        if self._belongs_to_other(self._table.owner_of_slug(entity.slug), entity):
            raise SlugTaken
        skus = {variant.sku for variant in entity.variants}
        if len(skus) < len(entity.variants):
            raise SkuTaken
        if any(self._belongs_to_other(self._table.owner_of_sku(sku), entity) for sku in skus):
            raise SkuTaken

    def _belongs_to_other(self, owner: UUID | None, entity: Product) -> bool:
        return owner is not None and owner != entity.id


class MemoryCatalogUow(MemoryUow):
    def open(self, tx: MemoryTx) -> None:
        self.products = MemoryProducts(tx)
        self.categories = MemoryRepository[Category](
            CATEGORIES, tx, unique=[(lambda category: category.slug, SlugTaken)], missing=CategoryNotFound
        )
        self.brands = MemoryRepository[Brand](
            BRANDS,
            tx,
            unique=[(lambda brand: brand.slug, SlugTaken), (lambda brand: brand.name, NameTaken)],
            missing=BrandNotFound,
        )
        self.storefront = MemoryStorefront(tx)
        self.price_steps = MemoryPriceSteps(tx)
        self.bulk = MemoryBulk(tx)
        self.imports = MemoryImportRuns(tx)
