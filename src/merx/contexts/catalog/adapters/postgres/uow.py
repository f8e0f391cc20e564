"""The catalogue's unit of work: aggregates by the ORM, the storefront and imports set-wise."""

from sqlalchemy.orm import selectinload

from merx.contexts.catalog.adapters.postgres.bulk import PostgresBulk, PostgresImportRuns
from merx.contexts.catalog.adapters.postgres.rows import BrandRow, CategoryRow, ProductRow
from merx.contexts.catalog.adapters.postgres.storefront import PostgresStorefront
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
from merx.infra.postgres import PostgresRepository, PostgresTx, PostgresUow
from merx.kernel.errors import Conflict

CONFLICTS: dict[str, type[Conflict]] = {
    "uq_product_slug": SlugTaken,
    "uq_category_slug": SlugTaken,
    "uq_brand_slug": SlugTaken,
    "uq_brand_name": NameTaken,
    "uq_variant_sku": SkuTaken,
}


class PostgresCatalogUow(PostgresUow):
    def open(self, tx: PostgresTx) -> None:
        self.products = PostgresRepository(
            Product,
            ProductRow,
            tx,
            selectinload(ProductRow.variants),
            conflicts=CONFLICTS,
            missing=ProductNotFound,
        )
        self.categories = PostgresRepository(Category, CategoryRow, tx, conflicts=CONFLICTS, missing=CategoryNotFound)
        self.brands = PostgresRepository(Brand, BrandRow, tx, conflicts=CONFLICTS, missing=BrandNotFound)
        self.storefront = PostgresStorefront(tx)
        self.bulk = PostgresBulk(tx, self.storefront)
        self.imports = PostgresImportRuns(tx)
