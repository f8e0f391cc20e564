"""The in-memory tables, and the indexes that keep look-ups from walking through all products."""

from uuid import UUID

from merx.contexts.catalog.domain.product import Product
from merx.infra.memory import MemoryTx

PRODUCTS, CATEGORIES, BRANDS = "catalog.product", "catalog.category", "catalog.brand"
LEVELS, SLUGS, IMPORTS, DIGESTS, PRICE_STEPS = (
    "catalog.availability",
    "catalog.slug_history",
    "catalog.import_run",
    "catalog.import_digest",
    "catalog.price_step",
)
# SKU, variant id, external id or slug → product id.
BY_SKU, BY_VARIANT, BY_EXTERNAL, BY_SLUG = (
    "catalog.by_sku",
    "catalog.by_variant",
    "catalog.by_external",
    "catalog.by_slug",
)


class ProductTable:
    """All writes of products go through here, so that the indexes never lag behind."""

    def __init__(self, tx: MemoryTx) -> None:
        self.rows = tx.table(PRODUCTS)
        self._by_sku, self._by_variant = tx.table(BY_SKU), tx.table(BY_VARIANT)
        self._by_external, self._by_slug = tx.table(BY_EXTERNAL), tx.table(BY_SLUG)

    def get(self, product_id: UUID) -> Product | None:
        return self.rows.get(product_id)

    def owner_of_sku(self, sku: str) -> UUID | None:
        return self._by_sku.get(sku)

    def owner_of_variant(self, variant_id: UUID) -> UUID | None:
        return self._by_variant.get(variant_id)

    def owner_of_slug(self, slug: str) -> UUID | None:
        return self._by_slug.get(slug)

    def external(self, external_id: str) -> Product | None:
        product_id = self._by_external.get(external_id)
        return None if product_id is None else self.rows.get(product_id)

    def put(self, old: Product | None, product: Product) -> None:
        """`old` is what it was before, None for a new one."""
        self.rows.put(product.id, product)
        self.index(old, product)

    def index(self, old: Product | None, product: Product) -> None:
        """Make what was `old` be found as `product`."""
        if old is not None:
            self._by_slug.delete(old.slug)
            for variant in old.variants:
                self._by_sku.delete(variant.sku)
        self._by_slug.put(product.slug, product.id)
        if product.external_id is not None:
            self._by_external.put(product.external_id, product.id)
        for variant in product.variants:
            self._by_sku.put(variant.sku, product.id)
            self._by_variant.put(variant.id, product.id)
