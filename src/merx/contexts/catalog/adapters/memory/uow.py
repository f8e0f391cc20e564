"""Writes in memory: nothing is kept beside the aggregates, the storefront is computed on read."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from merx.contexts.catalog.adapters.memory.tables import BRANDS, CATEGORIES, IMPORTS, LEVELS, PRODUCTS, SLUGS
from merx.contexts.catalog.domain.errors import (
    BrandNotFound,
    CategoryNotFound,
    NameTaken,
    ProductNotFound,
    SkuTaken,
    SlugTaken,
)
from merx.contexts.catalog.domain.product import Product, ProductStatus, Variant
from merx.contexts.catalog.domain.taxonomy import Brand, Category
from merx.contexts.catalog.ports.repositories import BulkResult, ImportedProduct, ImportRun, Level, LevelChange
from merx.infra.memory import MemoryRepository, MemoryTx, MemoryUow
from merx.kernel.ids import new_id
from merx.kernel.money import Money
from merx.kernel.text import slugify


class MemoryProducts(MemoryRepository[Product]):
    def _check(self, entity: Product) -> None:
        super()._check(entity)
        skus = {variant.sku for variant in entity.variants}
        if len(skus) < len(entity.variants):
            raise SkuTaken
        for other in self._rows.values():
            if other.id != entity.id and any(variant.sku in skus for variant in other.variants):
                raise SkuTaken


def main_variants(product: Product) -> list[Variant]:
    """The active variants in the currency of the first: those that price the product."""
    active = [variant for variant in product.variants if variant.active]
    return [variant for variant in active if variant.price.currency == active[0].price.currency]


class MemoryStorefront:
    def __init__(self, tx: MemoryTx) -> None:
        self._products = tx.table(PRODUCTS)
        self._categories = tx.table(CATEGORIES)
        self._levels = tx.table(LEVELS)
        self._slugs = tx.table(SLUGS)

    async def refresh(self, product_ids: Sequence[UUID]) -> None:
        """Nothing is kept beside the aggregates here."""

    async def recount(self) -> None:
        """Counts are computed on read."""

    async def set_levels(self, levels: Sequence[Level]) -> LevelChange:
        variants = {level.variant_id for level in levels}
        touched = [p for p in self._products.values() if any(v.id in variants for v in p.variants)]
        before = {product.id: self._in_stock(product) for product in touched}
        for level in levels:
            known = self._levels.get(level.variant_id)
            if known is None or known.sequence < level.sequence:
                self._levels.put(level.variant_id, level)
        crossed = [product.id for product in touched if self._in_stock(product) != before[product.id]]
        return LevelChange([product.id for product in touched], crossed)

    def _in_stock(self, product: Product) -> bool:
        levels = (self._levels.get(variant.id) for variant in main_variants(product))
        return any(level is not None and level.available > 0 for level in levels)

    async def subtree(self, category_id: UUID) -> list[UUID]:
        return [category.id for category in self._categories.values() if category.is_below(category_id)]

    async def product_ids_in_category(self, category_id: UUID) -> list[UUID]:
        below = set(await self.subtree(category_id))
        return [product.id for product in self._products.values() if product.category_id in below]

    async def product_ids_of_brand(self, brand_id: UUID) -> list[UUID]:
        return [product.id for product in self._products.values() if product.brand_id == brand_id]

    async def remember_slug(self, kind: str, old: str, entity_id: UUID, at: datetime) -> None:
        self._slugs.put((kind, old), entity_id)


class MemoryBulk:
    def __init__(self, tx: MemoryTx) -> None:
        self._products = tx.table(PRODUCTS)
        self._categories = tx.table(CATEGORIES)
        self._brands = tx.table(BRANDS)

    async def upsert(self, products: Sequence[ImportedProduct], now: datetime) -> BulkResult:
        by_external = {p.external_id: p for p in self._products.values() if p.external_id}
        owners = {v.sku: p.external_id for p in self._products.values() for v in p.variants}
        brands = {brand.name: brand for brand in self._brands.values()}
        categories = {(c.parent_id, c.name): c for c in self._categories.values()}
        result = BulkResult([], {}, {})
        for row in products:
            foreign = [v.sku for v in row.variants if owners.get(v.sku, row.external_id) != row.external_id]
            if foreign:
                result.refused[row.external_id] = f"SKU {foreign[0]} belongs to another product"
                continue
            category_id = self._place(row.category, categories)
            brand_id = self._brand(row.brand, brands) if row.brand else None
            known = by_external.get(row.external_id)
            product = self._merge(row, known, now)
            product.category_id, product.brand_id = category_id, brand_id
            self._products.put(product.id, product)
            result.product_ids.append(product.id)
            result.variants.update((v.sku, v.id) for v in product.variants if v.active)
            owners.update((v.sku, row.external_id) for v in row.variants)
        return result

    def _merge(self, row: ImportedProduct, known: Product | None, now: datetime) -> Product:
        old = {variant.sku: variant for variant in known.variants} if known else {}
        variants = [
            Variant(
                id=old[v.sku].id if v.sku in old else v.id,
                sku=v.sku,
                price=Money(v.price_amount, v.price_currency),
                options=v.options,
                barcodes=v.barcodes,
            )
            for v in row.variants
        ]
        given = {variant.sku for variant in variants}
        for variant in old.values():
            if variant.sku not in given:
                variant.active = False
                variants.append(variant)
        return Product(
            id=known.id if known else row.id,
            version=known.version + 1 if known else 1,
            slug=known.slug if known else row.slug,
            name=row.name,
            description=row.description,
            model=row.model,
            external_id=row.external_id,
            attributes=dict(row.attributes),
            status=ProductStatus.active,
            variants=variants,
            created_at=known.created_at if known else row.created_at,
            updated_at=now,
        )

    def _brand(self, name: str, brands: dict[str, Brand]) -> UUID:
        if name not in brands:
            brand_id = new_id()
            taken = {brand.slug for brand in brands.values()}
            slug = slugify(name) or str(brand_id)
            slug = f"{slug}-{brand_id.hex[-8:]}" if slug in taken else slug
            brands[name] = Brand(id=brand_id, version=1, slug=slug, name=name)
            self._brands.put(brand_id, brands[name])
        return brands[name].id

    def _place(self, path: list[str], known: dict[tuple[UUID | None, str], Category]) -> UUID:
        parent: Category | None = None
        for name in path:
            key = (parent.id if parent else None, name)
            if key not in known:
                category_id = new_id()
                taken = {category.slug for category in known.values()}
                slug = slugify(name) or str(category_id)
                slug = f"{slug}-{category_id.hex[-8:]}" if slug in taken else slug
                position = sum(1 for parent_id, _ in known if parent_id == key[0])
                category = Category(id=category_id, version=1, slug=slug, name=name, position=position)
                category.place(parent.trail if parent else [])
                known[key] = category
                self._categories.put(category_id, category)
            parent = known[key]
        if parent is None:
            raise CategoryNotFound
        return parent.id


class MemoryImportRuns:
    def __init__(self, tx: MemoryTx) -> None:
        self._runs = tx.table(IMPORTS)

    async def of(self, digest: str) -> ImportRun | None:
        run: ImportRun | None = self._runs.get(digest)
        return run

    async def put(self, run: ImportRun) -> None:
        self._runs.put(run.digest, run)


class MemoryCatalogUow(MemoryUow):
    def open(self, tx: MemoryTx) -> None:
        self.products = MemoryProducts(
            PRODUCTS, tx, unique=[(lambda product: product.slug, SlugTaken)], missing=ProductNotFound
        )
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
        self.bulk = MemoryBulk(tx)
        self.imports = MemoryImportRuns(tx)
