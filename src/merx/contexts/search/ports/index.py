"""The index as the inside sees it. All of it is asynchronous: an engine may be in the process or across a network."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from enum import StrEnum
from typing import Protocol, TypeVar
from uuid import UUID

import msgspec

from merx.contexts.search.domain.documents import ListedProduct
from merx.contexts.search.domain.facets import Facet, PriceFacet, Selection
from merx.contexts.search.domain.query import Lexicon, Query
from merx.contexts.search.domain.stock import StockNews
from merx.kernel.errors import Conflict

T = TypeVar("T")

MAX_DEPTH = 10_000
NO_NEWS: Mapping[UUID, StockNews] = {}


class NoIndex(Exception):
    """There is no index of the present form to write to: rebuild it."""


class RebuildRunning(Conflict):
    slug = "search.rebuild-running"
    title = "The index is being rebuilt already"


class Sort(StrEnum):
    relevance = "relevance"
    newest = "newest"
    price = "price"
    price_desc = "-price"
    name = "name"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """`optional_words` is how many concepts of the query a product may miss. `facets` names what to count.

    `auto_facets` counts so many further properties that most of the result has. offset + limit stays within
    MAX_DEPTH.
    """

    query: Query = Query()
    selection: Selection = Selection()
    sort: Sort = Sort.relevance
    limit: int = 20
    offset: int = 0
    facets: tuple[str, ...] = ()
    auto_facets: int = 0
    optional_words: int = 0


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """`items` are encoded ProductEntry structs. `degraded` says that there is no index yet."""

    items: list[msgspec.Raw]
    total: int
    facets: list[Facet]
    price: PriceFacet | None = None
    degraded: bool = False


class Named(msgspec.Struct, frozen=True):
    """A category or brand with its number of products."""

    slug: str
    name: str
    count: int


class Suggested(msgspec.Struct, frozen=True, kw_only=True):
    products: list[msgspec.Raw]
    categories: list[Named]
    brands: list[Named]


class VariantState(msgspec.Struct, frozen=True):
    """What the index last heard of a variant's stock. `sequence` 0: from the catalogue, not from a stock event."""

    product_id: UUID
    in_stock: bool
    sequence: int


class SearchIndex(Protocol):
    """Written by one process at a time, read by many."""

    async def consult(self, work: Callable[[Lexicon], T]) -> T:
        """What `work` makes of the words of the index as it is now. It runs where it does not block the event loop."""
        ...

    async def search(self, wanted: Wanted) -> Found:
        """Raises TooManyFilters, and Unavailable when the index cannot be read."""
        ...

    async def suggest(self, words: Sequence[str], limit: int) -> Suggested:
        """Products that have all words, the last one as a beginning; categories and brands likewise."""
        ...

    async def apply(
        self,
        products: Sequence[ListedProduct],
        news: Mapping[UUID, StockNews] = NO_NEWS,
        gone: Collection[UUID] = (),
    ) -> int:
        """Write what is not older than what the index has; invisible and `gone` products become tombstones.

        `news` per variant overrides the availability in the products, and an older sequence never overrides a newer
        one. Readers see the change within a second. Returns the number of products written. Raises NoIndex.
        """
        ...

    async def variants(self, variant_ids: Sequence[UUID]) -> dict[UUID, VariantState]:
        """Those that are indexed."""
        ...

    async def rebuild(
        self,
        pages: AsyncIterator[list[ListedProduct]],
        again: Callable[[Sequence[UUID]], AsyncIterator[list[ListedProduct]]],
    ) -> int:
        """A new index from all pages, put in place of the old one at once; searches use the old one until then.

        What was written to the old index meanwhile is asked for `again`. Returns the number of products. Raises
        RebuildRunning when another process is at it.
        """
        ...

    async def count(self) -> int:
        """Visible products."""
        ...

    async def ready(self) -> bool:
        """There is an index of the present form."""
        ...

    async def close(self) -> None: ...
