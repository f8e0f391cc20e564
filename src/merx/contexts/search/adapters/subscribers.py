"""What search hears. Every handler is an effect: at least once, and writing the same twice changes nothing."""

from collections.abc import Awaitable, Callable

from merx.contexts.catalog.events import ProductsChanged, ProductsPublished, ProductsWithdrawn
from merx.contexts.inventory.events import StockChanged
from merx.contexts.search.domain.stock import StockNews
from merx.contexts.search.events import ReindexRequested
from merx.contexts.search.usecases.keep_index import IndexKeeper
from merx.infra.outbox.events import Subscriber
from merx.infra.outbox.jobs import JobDue

ProductsEvent = ProductsPublished | ProductsChanged | ProductsWithdrawn


class Listener:
    def __init__(self, keeper: IndexKeeper) -> None:
        self._keeper = keeper

    async def on_products(self, event: ProductsEvent) -> None:
        await self._keeper.products_changed(event.product_ids)

    async def on_stock_changed(self, event: StockChanged) -> None:
        levels = {level.variant_id: StockNews(level.available, level.sequence) for level in event.levels}
        await self._keeper.stock_changed(levels)

    async def on_reindex_requested(self, _: ReindexRequested) -> None:
        await self._keeper.begin_rebuild()

    async def on_check_due(self, _: JobDue) -> None:
        await self._keeper.ensure()

    async def on_rebuild_due(self, _: JobDue) -> None:
        await self._keeper.begin_rebuild()


def subscribers(listener: Listener) -> list[Subscriber]:
    heard: list[tuple[type, Callable[..., Awaitable[None]]]] = [
        (ProductsPublished, listener.on_products),
        (ProductsChanged, listener.on_products),
        (ProductsWithdrawn, listener.on_products),
        (StockChanged, listener.on_stock_changed),
        (ReindexRequested, listener.on_reindex_requested),
    ]
    return [Subscriber(f"search.{handler.__name__}.{event.__name__}", event, handler) for event, handler in heard]
