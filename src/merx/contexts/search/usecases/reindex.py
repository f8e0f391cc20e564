"""A new index from the whole catalogue."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from merx.contexts.search.domain.documents import ListedProduct
from merx.contexts.search.ports.index import SearchIndex
from merx.contexts.search.ports.neighbours import CatalogFeed

_PAGE = 500

Progress = Callable[[int], None]


def _quiet(_done: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class ReindexHandler:
    """Searches go on with the old index until the new one is complete. Raises RebuildRunning."""

    index: SearchIndex
    catalog: CatalogFeed

    async def __call__(self, progress: Progress = _quiet) -> int:
        """Number of products in the new index; `progress` hears how many were read so far."""
        return await self.index.rebuild(self._everything(progress), self._again)

    async def _everything(self, progress: Progress) -> AsyncIterator[list[ListedProduct]]:
        after: UUID | None = None
        done = 0
        while page := await self.catalog.page(after, _PAGE):
            yield page
            after = page[-1].product_id
            done += len(page)
            progress(done)

    async def _again(self, ids: Sequence[UUID]) -> AsyncIterator[list[ListedProduct]]:
        for start in range(0, len(ids), _PAGE):
            yield await self.catalog.products(ids[start : start + _PAGE])
