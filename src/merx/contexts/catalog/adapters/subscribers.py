"""What the catalogue hears: stock levels, and its own publications to keep counts."""

from merx.contexts.catalog.events import ProductsChanged, ProductsPublished, ProductsWithdrawn
from merx.contexts.catalog.ports.repositories import CatalogUow, Level
from merx.contexts.inventory.events import StockChanged


async def on_stock_changed(event: StockChanged, uow: CatalogUow) -> None:
    levels = [Level(level.variant_id, level.available, level.sequence) for level in event.levels]
    change = await uow.storefront.set_levels(levels)
    uow.invalidate(*(f"product:{product_id}" for product_id in change.changed))
    if change.crossed:
        # Lists show whether there is stock, not how much.
        uow.invalidate("listings")


async def count_products(_: ProductsPublished | ProductsChanged | ProductsWithdrawn, uow: CatalogUow) -> None:
    """Visible products per category and brand; counted here, not on every request."""
    await uow.storefront.recount()
    uow.invalidate("categories", "brands")
