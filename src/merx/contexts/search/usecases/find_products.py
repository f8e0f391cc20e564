"""What a shopper finds."""

from dataclasses import dataclass

import msgspec

from merx.contexts.search.domain.facets import BRAND, CATEGORY, IN_STOCK, PRICE, Facet, PriceFacet, Selection
from merx.contexts.search.domain.query import Query, second_guesses, understand
from merx.contexts.search.domain.synonyms import DEFAULT_SYNONYMS, Synonyms
from merx.contexts.search.ports.index import MAX_DEPTH, Found, SearchIndex, Sort, Wanted
from merx.kernel.model import Command
from merx.kernel.paging import InvalidCursor, decode_cursor, encode_cursor

DEFAULT_FACETS = (CATEGORY, BRAND, PRICE, IN_STOCK)
_AUTO_FACETS = 6


class FindProducts(Command, frozen=True):
    """`facets` None counts the usual ones, () none. `currency` is that of the price bounds."""

    text: str = ""
    selection: Selection = Selection()
    sort: Sort = Sort.relevance
    limit: int = 20
    after: str | None = None
    facets: tuple[str, ...] | None = None


class Note(msgspec.Struct, frozen=True):
    """What was done to the query, for the shopper: `kind` is corrected, ignored or relaxed."""

    kind: str
    text: str


class SearchPage(msgspec.Struct, frozen=True, kw_only=True):
    """`items` have the shape of the catalogue's product lists. `corrected` is what was searched for instead of `q`.

    `degraded` says that the index is not there yet and the page cannot be complete.
    """

    items: list[msgspec.Raw]
    next: str | None
    total: int
    facets: list[Facet]
    price: PriceFacet | None
    corrected: str | None
    notes: list[Note]
    degraded: bool


@dataclass(frozen=True, slots=True)
class FindProductsHandler:
    """All words first; then near words for those that find nothing; then fewer words, and the answer says so."""

    index: SearchIndex
    synonyms: Synonyms = DEFAULT_SYNONYMS

    async def __call__(self, wanted: FindProducts) -> SearchPage:
        """Raises TooManyFilters, InvalidCursor, Unavailable."""
        offset = _offset(wanted)
        query = Query()
        if wanted.text:
            query = await self.index.consult(lambda lexicon: understand(wanted.text, lexicon, self.synonyms))
        search = Wanted(
            query=query,
            selection=wanted.selection,
            sort=wanted.sort,
            limit=min(wanted.limit, MAX_DEPTH - offset),
            offset=offset,
            facets=DEFAULT_FACETS if wanted.facets is None else wanted.facets,
            auto_facets=_AUTO_FACETS if wanted.facets is None else 0,
        )
        found = await self.index.search(search)
        if found.total == 0 and not query.empty and not found.degraded:
            guesses = await self.index.consult(lambda lexicon: second_guesses(query, lexicon, self.synonyms))
            search, found = await self._try_others(search, found, guesses)
        return _page(search, found)

    async def _try_others(self, search: Wanted, nothing: Found, guesses: list[Query]) -> tuple[Wanted, Found]:
        for guess in guesses:
            other = msgspec.structs.replace(search, query=guess)
            found = await self.index.search(other)
            if found.total:
                return other, found
        required = search.query.required
        for missing in (1, required - 1):
            if 0 < missing < required:
                other = msgspec.structs.replace(search, optional_words=missing)
                found = await self.index.search(other)
                if found.total:
                    return other, found
        return search, nothing


def _offset(wanted: FindProducts) -> int:
    if wanted.after is None:
        return 0
    (offset,) = decode_cursor(wanted.after, 1)
    if not isinstance(offset, int) or not 0 < offset < MAX_DEPTH:
        raise InvalidCursor("use the `next` value of the page before")
    return offset


def _page(search: Wanted, found: Found) -> SearchPage:
    end = search.offset + len(found.items)
    more = end < min(found.total, MAX_DEPTH) and bool(found.items)
    return SearchPage(
        items=found.items,
        next=encode_cursor(end) if more else None,
        total=found.total,
        facets=found.facets,
        price=found.price,
        corrected=search.query.corrected,
        notes=_notes(search),
        degraded=found.degraded,
    )


def _notes(search: Wanted) -> list[Note]:
    notes = []
    if search.query.corrected:
        notes.append(Note("corrected", f"Showing results for “{search.query.corrected}”."))
    if search.query.ignored:
        words = ", ".join(f"“{word}”" for word in search.query.ignored)
        notes.append(Note("ignored", f"Nothing here is called {words}."))
    if search.optional_words:
        notes.append(Note("relaxed", "Nothing matches all words; these match most of them."))
    return notes
