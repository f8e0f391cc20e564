"""A whole new index beside the one in use."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor
from typing import TypeVar
from uuid import UUID

from merx.contexts.search.adapters.tantivy.generations import Generation, Place
from merx.contexts.search.adapters.tantivy.snapshot import Snapshot, WordLists
from merx.contexts.search.adapters.tantivy.writer import GenerationWriter
from merx.contexts.search.domain.documents import ListedProduct

T = TypeVar("T")

Pages = AsyncIterator[list[ListedProduct]]
Again = Callable[[Sequence[UUID]], Pages]

# The lock, which stops other writers, is taken when so few changes are left to copy.
_FEW = 200
_ROUNDS = 5


class Rebuild:
    """Runs once. Searches and other writers go on with the old generation until the very end."""

    def __init__(self, place: Place, executor: Executor) -> None:
        self._place = place
        self._executor = executor

    async def _run(self, work: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work, *args)

    async def __call__(self, pages: Pages, again: Again) -> int:
        """Number of visible products. Raises RebuildRunning, Unavailable and whatever the pages raise."""
        place = self._place
        running = await self._run(place.begin_rebuild)
        try:
            old = await self._run(place.current)
            writer = await self._run(self._open)
            try:
                await self._fill(writer, old, pages, again)
            except BaseException:
                await self._run(writer.abandon)
                raise
            return await self._run(_count, writer.generation)
        finally:
            running.release()

    async def _fill(self, writer: GenerationWriter, old: Generation | None, pages: Pages, again: Again) -> None:
        async for page in pages:
            await self._run(writer.put, page)
        position = 0
        for _ in range(_ROUNDS):
            ids, position = await self._run(self._place.noted, position)
            await self._replay(writer, old, ids, again)
            if len(ids) <= _FEW:
                break
        writing = await self._run(self._place.lock)
        try:
            ids, position = await self._run(self._place.noted, position)
            await self._replay(writer, old, ids, again)
            await self._run(writer.finish)
            await self._run(self._place.swap, writer.generation)
        finally:
            writing.release()

    def _open(self) -> GenerationWriter:
        return GenerationWriter(self._place.create(), bulk=True)

    async def _replay(self, writer: GenerationWriter, old: Generation | None, ids: list[UUID], again: Again) -> None:
        """Products written to the old index since the start: again from the catalogue, with the stock told since."""
        if not ids:
            return
        async for page in again(list(dict.fromkeys(ids))):
            await self._run(_put_again, writer, old, page)


def _put_again(writer: GenerationWriter, old: Generation | None, page: list[ListedProduct]) -> None:
    known = {}
    if old is not None:
        old.index.reload()
        states = Snapshot(old, WordLists()).states(product.product_id for product in page)
        # Only the stock is taken over: a digest that differs from all makes sure that each is written.
        known = {product_id: (state, -1) for product_id, (state, _) in states.items()}
    writer.put(page, known=known)


def _count(generation: Generation) -> int:
    generation.index.reload()
    return Snapshot(generation, WordLists()).count()
