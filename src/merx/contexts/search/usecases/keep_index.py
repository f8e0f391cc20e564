"""Keeps the index as the catalogue and the stock are, by writing what changed in batches."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from uuid import UUID

from merx.contexts.search.domain.stock import StockNews
from merx.contexts.search.ports.index import NoIndex, RebuildRunning, SearchIndex
from merx.contexts.search.ports.neighbours import CatalogFeed
from merx.contexts.search.usecases.reindex import ReindexHandler
from merx.kernel.errors import Unavailable

# What happens together is written together.
_GATHER = 0.05
_PAGE = 500
# A delivery may not run longer than its limit of 30 seconds; a rebuild goes on without it.
_PATIENCE = 20.0
# Stock of so many variants is remembered, most of all for those that are not indexed yet.
_REMEMBERED = 50_000


class IndexKeeper:
    """One in a process. Each method returns when its change can be found, so a delivery that ends is done for good.

    A flood of changes costs one commit each `pause` seconds, however many there are: the engine writes a new piece of
    index with every commit, and many small ones slow every search down. Raises Unavailable while a large index is built
    from nothing; the delivery then comes again.
    """

    def __init__(
        self,
        index: SearchIndex,
        catalog: CatalogFeed,
        reindex: ReindexHandler,
        *,
        pause: float,
        patience: float = _PATIENCE,
    ) -> None:
        self._index = index
        self._catalog = catalog
        self._reindex = reindex
        self._pause = pause
        self._patience = patience
        self._ids: set[UUID] = set()
        self._next: asyncio.Task[None] | None = None
        self._rebuild: asyncio.Task[int] | None = None
        self._writing = asyncio.Lock()
        self._ended = 0.0
        self._told: OrderedDict[UUID, StockNews] = OrderedDict()

    async def products_changed(self, ids: Iterable[UUID]) -> None:
        """The products as they are now, visible or not."""
        self._ids.update(ids)
        if self._next is None:
            self._next = asyncio.create_task(self._flush())
        await asyncio.shield(self._next)

    async def stock_changed(self, levels: Mapping[UUID, StockNews]) -> None:
        """The index knows whether a variant can be had, not how many: only a change of that is written."""
        fresh = {variant_id: news for variant_id, news in levels.items() if self._is_news(variant_id, news)}
        self._remember(fresh)
        # A product that is being written now is decided upon afterwards.
        async with self._writing:
            crossed = await self._crossed(fresh)
        if crossed:
            await self.products_changed(crossed)

    async def ensure(self) -> None:
        """Build the index when there is none of the present form."""
        if not await self._index.ready():
            await self.rebuild()

    async def rebuild(self) -> None:
        """Build it anew. Raises Unavailable when that takes longer than a delivery may; the rebuild goes on."""
        if not self._rebuilding:
            self._rebuild = asyncio.create_task(self._reindex())
        assert self._rebuild is not None
        try:
            async with asyncio.timeout(self._patience):
                await asyncio.shield(self._rebuild)
        except (TimeoutError, RebuildRunning):
            raise Unavailable("the search index is being built", retry_after=5) from None

    async def begin_rebuild(self) -> None:
        """Build it anew, in the background when it takes long: the old index serves until then.

        A rebuild that runs already, here or in another process, will do.
        """
        with suppress(Unavailable):
            await self.rebuild()

    @property
    def _rebuilding(self) -> bool:
        return self._rebuild is not None and not self._rebuild.done()

    async def _flush(self) -> None:
        await asyncio.sleep(max(min(_GATHER, self._pause), self._ended + self._pause - time.monotonic()))
        async with self._writing:
            ids, self._ids, self._next = self._ids, set(), None
            try:
                await self._write(list(ids))
            except NoIndex:
                begun = not self._rebuilding
                await self.rebuild()
                # A rebuild that began just now has read these products; only the stock may be newer.
                await self._write(list(await self._crossed(self._told) if begun else ids))
            finally:
                self._ended = time.monotonic()

    async def _write(self, ids: list[UUID]) -> None:
        products = []
        for start in range(0, len(ids), _PAGE):
            products += await self._catalog.products(ids[start : start + _PAGE])
        variants = (variant.variant_id for product in products for variant in product.variants)
        news = {variant_id: self._told[variant_id] for variant_id in variants if variant_id in self._told}
        gone = set(ids) - {product.product_id for product in products}
        await self._index.apply(products, news, gone)

    async def _crossed(self, levels: Mapping[UUID, StockNews]) -> set[UUID]:
        """Products with a variant that ran out or came back."""
        known = await self._index.variants(list(levels))
        return {
            state.product_id
            for variant_id, state in known.items()
            if state.sequence <= levels[variant_id].sequence and state.in_stock != (levels[variant_id].available > 0)
        }

    def _is_news(self, variant_id: UUID, news: StockNews) -> bool:
        told = self._told.get(variant_id)
        return told is None or told.sequence <= news.sequence

    def _remember(self, fresh: Mapping[UUID, StockNews]) -> None:
        for variant_id, news in fresh.items():
            self._told[variant_id] = news
            self._told.move_to_end(variant_id)
        while len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)
