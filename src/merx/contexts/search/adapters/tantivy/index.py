"""SearchIndex on the embedded engine."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TypeVar
from uuid import UUID

from loguru import logger

from merx.contexts.search.adapters.tantivy.generations import FolderPlace, Place
from merx.contexts.search.adapters.tantivy.rebuild import Again, Pages, Rebuild
from merx.contexts.search.adapters.tantivy.snapshot import Snapshot, WordLists
from merx.contexts.search.adapters.tantivy.writer import Writer
from merx.contexts.search.domain.documents import ListedProduct
from merx.contexts.search.domain.query import Lexicon
from merx.contexts.search.domain.spelling import Vocabulary
from merx.contexts.search.domain.stock import StockNews
from merx.contexts.search.ports.index import NO_NEWS, Found, NoIndex, RebuildRunning, Suggested, VariantState, Wanted
from merx.kernel.errors import MerxError, Unavailable

T = TypeVar("T")

# A second one finds a third more in the same time, and has the event loop wait for the interpreter three times as long:
# a process under load then answers nobody in time, also those who search nothing.
_READERS = 1
# To look costs two file stats. Each gives the interpreter away to the readers, who keep it for milliseconds.
FRESH_SECONDS = 0.02


class NoWords:
    """The lexicon of no index."""

    def frequency(self, token: str) -> int:
        return 0

    def has_code(self, code: str) -> bool:
        return False

    def vocabulary(self) -> Vocabulary:
        return Vocabulary()


class TantivyIndex:
    def __init__(self, place: Place) -> None:
        self._place = place
        self._stamp: object = None
        self._snapshot: Snapshot | None = None
        self._look_again = 0.0
        self._lists = WordLists()
        self._writer = Writer(place)
        self._readers = ThreadPoolExecutor(_READERS, "search-read")
        self._writers = ThreadPoolExecutor(1, "search-write")
        self._rebuilders = ThreadPoolExecutor(1, "search-rebuild")

    # ---- reading

    async def consult(self, work: Callable[[Lexicon], T]) -> T:
        snapshot = await self._current()
        if snapshot is None:
            return work(NoWords())
        return await self._read(lambda: work(snapshot.lexicon()))

    async def search(self, wanted: Wanted) -> Found:
        snapshot = await self._current()
        if snapshot is None:
            return Found(items=[], total=0, facets=[], degraded=True)
        return await self._read(partial(snapshot.search, wanted))

    async def suggest(self, words: Sequence[str], limit: int) -> Suggested:
        snapshot = await self._current()
        if snapshot is None:
            return Suggested(products=[], categories=[], brands=[])
        return await self._read(partial(snapshot.suggest, words, limit))

    async def variants(self, variant_ids: Sequence[UUID]) -> dict[UUID, VariantState]:
        snapshot = await self._current()
        return await self._read(partial(snapshot.variants, variant_ids)) if snapshot else {}

    async def count(self) -> int:
        snapshot = await self._current()
        return await self._read(snapshot.count) if snapshot else 0

    async def ready(self) -> bool:
        return await self._current() is not None

    async def _current(self) -> Snapshot | None:
        """The newest state, or one that was the newest a moment ago."""
        now = monotonic()
        if self._snapshot is not None and now < self._look_again:
            return self._snapshot
        self._look_again = now + FRESH_SECONDS
        if self._place.stamp() != self._stamp or self._snapshot is None:
            return await self._read(self._renew)
        return self._snapshot

    def _renew(self) -> Snapshot | None:
        generation = self._place.current()
        if generation is None:
            self._snapshot = None
            return None
        # Before the look, so that a commit in between is seen next time.
        stamp = self._place.stamp()
        generation.index.reload()
        self._snapshot = Snapshot(generation, self._lists)
        self._stamp = stamp
        return self._snapshot

    async def _read(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._readers, work)
        except MerxError:
            raise
        except (ValueError, OSError) as error:
            logger.error("search index cannot be read: {}", error)
            raise Unavailable("the search index cannot be read") from error

    # ---- writing

    async def apply(
        self,
        products: Sequence[ListedProduct],
        news: Mapping[UUID, StockNews] = NO_NEWS,
        gone: Collection[UUID] = (),
    ) -> int:
        work = partial(self._writer.apply, products, news, gone)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._writers, work)
        finally:
            self._look_again = 0.0

    async def rebuild(self, pages: Pages, again: Again) -> int:
        try:
            return await Rebuild(self._place, self._rebuilders)(pages, again)
        except RebuildRunning:
            raise
        except Exception as error:
            # Whoever began it may not wait for it any more.
            logger.error("the search index was not rebuilt: {}", type(error).__name__)
            raise
        finally:
            self._look_again = 0.0

    async def probe(self) -> None:
        """Raises NoIndex, Unavailable."""
        if not await self.ready():
            raise NoIndex

    async def close(self) -> None:
        for pool in (self._readers, self._writers, self._rebuilders):
            pool.shutdown(wait=False)


class FolderSearchIndex(TantivyIndex):
    def __init__(self, folder: Path) -> None:
        super().__init__(FolderPlace(folder))
