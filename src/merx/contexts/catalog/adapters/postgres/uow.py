"""The catalogue's unit of work: aggregates by the ORM, the storefront and imports set-wise."""

from merx.contexts.catalog.adapters.postgres.bulk import PostgresBulk, PostgresImportRuns
from merx.contexts.catalog.adapters.postgres.price_steps import PostgresPriceSteps
from merx.contexts.catalog.adapters.postgres.products import PostgresProducts
from merx.contexts.catalog.adapters.postgres.rows import BrandRow, CategoryRow
from merx.contexts.catalog.adapters.postgres.storefront import PostgresStorefront
from merx.contexts.catalog.domain.errors import (
    BrandNotFound,
    CategoryNotEmpty,
    CategoryNotFound,
    NameTaken,
    ReferenceGone,
    SameOptions,
    SkuTaken,
    SlugTaken,
)
from merx.contexts.catalog.domain.taxonomy import Brand, Category
from merx.infra.postgres import PostgresRepository, PostgresTx, PostgresUow
from merx.kernel.errors import Conflict

CONFLICTS: dict[str, type[Conflict]] = {
    "uq_product_slug": SlugTaken,
    "uq_category_slug": SlugTaken,
    "uq_brand_slug": SlugTaken,
    "uq_brand_name": NameTaken,
    "uq_variant_sku": SkuTaken,
    "uq_variant_options": SameOptions,
    "fk_product_brand_id": ReferenceGone,
    "fk_product_category_id": ReferenceGone,
}
# The same constraints as a category meets them that goes away.
_CATEGORY_CONFLICTS = CONFLICTS | {
    "fk_product_category_id": CategoryNotEmpty,
    "fk_category_parent_id": CategoryNotEmpty,
}


class PostgresCatalogUow(PostgresUow):
    def open(self, tx: PostgresTx) -> None:
        self.products = PostgresProducts(tx, CONFLICTS)
        self.categories = PostgresRepository(
            Category, CategoryRow, tx, conflicts=_CATEGORY_CONFLICTS, missing=CategoryNotFound
        )
        self.brands = PostgresRepository(Brand, BrandRow, tx, conflicts=CONFLICTS, missing=BrandNotFound)
        self.storefront = PostgresStorefront(tx)
        self.price_steps = PostgresPriceSteps(tx)
        self.bulk = PostgresBulk(tx, self.storefront)
        self.imports = PostgresImportRuns(tx)
