"""Names of the in-memory tables."""

PRODUCTS, CATEGORIES, BRANDS = "catalog.product", "catalog.category", "catalog.brand"
LEVELS, SLUGS, IMPORTS = "catalog.availability", "catalog.slug_history", "catalog.import_run"
