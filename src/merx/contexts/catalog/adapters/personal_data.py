"""Goods are no people: nothing here belongs to a person."""

from merx.infra.personal_data import TableData

TABLES = (
    TableData(table="catalog.availability", plain="variant_id available sequence"),
    TableData(table="catalog.brand", plain="id version slug name product_count"),
    TableData(table="catalog.category", plain="id version slug name parent_id position trail product_count"),
    TableData(table="catalog.import_run", plain="id digest name lines_done products refused finished"),
    TableData(
        table="catalog.listing",
        plain="product_id slug name name_key brand_id brand_name brand_slug price_min price_max currency available"
        " variant_count created_at",
    ),
    TableData(table="catalog.listing_category", plain="category_id product_id created_at price_min name_key"),
    TableData(
        table="catalog.product",
        plain="id version slug name brand_id category_id description model external_id import_digest attributes status"
        " created_at updated_at",
    ),
    TableData(table="catalog.slug_history", plain="kind slug entity_id at"),
    TableData(
        table="catalog.variant",
        plain="id product_id position sku options barcodes price_amount price_currency weight_grams active",
    ),
)
