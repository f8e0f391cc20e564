"""Imports into memory, one product after the other."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from merx.contexts.catalog.adapters.memory.price_steps import MemoryPriceSteps
from merx.contexts.catalog.adapters.memory.tables import (
    BRANDS,
    CATEGORIES,
    DIGESTS,
    IMPORTS,
    ProductTable,
)
from merx.contexts.catalog.domain.product import Product, ProductStatus, Variant
from merx.contexts.catalog.domain.taxonomy import Brand, Category, category_slugs, name_slugs
from merx.contexts.catalog.ports.repositories import BulkResult, ImportedProduct, ImportRun
from merx.infra.memory import MemoryTable, MemoryTx
from merx.kernel.ids import new_id
from merx.kernel.money import Money


class MemoryBulk:
    def __init__(self, tx: MemoryTx) -> None:
        self._products = ProductTable(tx)
        self._digests = tx.table(DIGESTS)
        self._price_steps = MemoryPriceSteps(tx)
        self._categories = tx.table(CATEGORIES)
        self._brands = tx.table(BRANDS)

    async def upsert(self, products: Sequence[ImportedProduct], now: datetime) -> BulkResult:
        brands = {brand.name: brand for brand in self._brands.values()}
        places = _Places(self._categories)
        result = BulkResult([], 0, {}, {})
        unchanged = 0
        for row in products:
            known = self._products.external(row.external_id)
            foreign = [
                v.sku for v in row.variants if self._products.owner_of_sku(v.sku) not in (None, known and known.id)
            ]
            if foreign:
                result.refused[row.external_id] = f"SKU {foreign[0]} belongs to another product"
                continue
            if known is not None and self._digests.get(known.id) == row.digest:
                unchanged += 1
                product = known
            else:
                product = self._merge(row, known, now)
                product.category_id = places.find(row.category)
                product.brand_id = self._brand(row.brand, brands) if row.brand else None
                self._products.put(known, product)
                await self._price_steps.forget([variant.id for variant in product.variants])
                self._digests.put(product.id, row.digest)
                result.written.append(product.id)
            named = {variant.sku for variant in row.variants}
            result.variants.update((v.sku, v.id) for v in product.variants if v.sku in named)
        return BulkResult(result.written, unchanged, result.variants, result.refused)

    def _merge(self, row: ImportedProduct, known: Product | None, now: datetime) -> Product:
        old = {variant.sku: variant for variant in known.variants} if known else {}
        variants = []
        for given in row.variants:
            held = old.pop(given.sku, None)
            variants.append(
                Variant(
                    id=held.id if held else given.id,
                    sku=given.sku,
                    price=Money(given.price_amount, given.price_currency),
                    options=given.options,
                    barcodes=given.barcodes,
                    weight_grams=held.weight_grams if held else 0,
                )
            )
        for variant in old.values():
            variant.active = False
            variants.append(variant)
        archived = known is not None and known.status is ProductStatus.archived
        return Product(
            id=known.id if known else row.id,
            version=known.version + 1 if known else 1,
            slug=known.slug if known else self._slug(row),
            name=row.name,
            description=row.description,
            model=row.model,
            external_id=row.external_id,
            attributes=dict(row.attributes),
            status=ProductStatus.archived if archived else ProductStatus.active,
            variants=variants,
            created_at=known.created_at if known else row.created_at,
            updated_at=now,
        )

    def _slug(self, row: ImportedProduct) -> str:
        taken = self._products.owner_of_slug(row.slug) is not None
        return f"{row.slug}-{row.id.hex[-8:]}" if taken else row.slug

    def _brand(self, name: str, brands: dict[str, Brand]) -> UUID:
        if name not in brands:
            brand_id = new_id()
            taken = {brand.slug for brand in brands.values()}
            first, other = name_slugs(name, brand_id)
            brands[name] = Brand(id=brand_id, version=1, slug=other if first in taken else first, name=name)
            self._brands.put(brand_id, brands[name])
        return brands[name].id


class _Places:
    """The tree as the import finds and extends it."""

    def __init__(self, table: MemoryTable[Category]) -> None:
        self._table = table
        self._known: dict[tuple[UUID | None, str], Category] = {}
        self._siblings: dict[UUID | None, int] = {}
        self._slugs: set[str] = set()
        for category in sorted(table.values(), key=lambda category: (category.position, category.id)):
            # Of siblings with one name the first takes the products.
            self._known.setdefault((category.parent_id, category.name), category)
            self._count(category)

    def _count(self, category: Category) -> None:
        self._slugs.add(category.slug)
        self._siblings[category.parent_id] = self._siblings.get(category.parent_id, 0) + 1

    def find(self, path: list[str]) -> UUID | None:
        parent: Category | None = None
        for name in path:
            parent = self._known.get((parent.id if parent else None, name)) or self._add(name, parent)
        return parent.id if parent else None

    def _add(self, name: str, parent: Category | None) -> Category:
        parents = parent.trail if parent else []
        category_id = new_id()
        slug = next(slug for slug in category_slugs(name, category_id, parents) if slug not in self._slugs)
        position = self._siblings.get(parent.id if parent else None, 0)
        category = Category(id=category_id, version=1, slug=slug, name=name, position=position)
        category.place(parents)
        self._table.put(category_id, category)
        self._known[category.parent_id, name] = category
        self._count(category)
        return category


class MemoryImportRuns:
    def __init__(self, tx: MemoryTx) -> None:
        self._runs = tx.table(IMPORTS)

    async def of(self, digest: str) -> ImportRun | None:
        run: ImportRun | None = self._runs.get(digest)
        return run

    async def put(self, run: ImportRun) -> None:
        self._runs.put(run.digest, run)
