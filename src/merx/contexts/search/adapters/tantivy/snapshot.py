"""One state of the index, as searches see it. Everything here blocks for the time of a query."""

import time
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec
from tantivy import Order, Query

from merx.contexts.search.adapters.tantivy.facets import FacetCounter
from merx.contexts.search.adapters.tantivy.generations import Generation
from merx.contexts.search.adapters.tantivy.lexicon import TantivyLexicon, read_vocabulary
from merx.contexts.search.adapters.tantivy.queries import Queries, narrowed, total_of
from merx.contexts.search.adapters.tantivy.schema import LIVE, SEPARATOR, DocumentState
from merx.contexts.search.domain.analysis import split_words, stem
from merx.contexts.search.domain.spelling import Vocabulary
from merx.contexts.search.ports.index import Found, Named, Sort, Suggested, VariantState, Wanted

_ORDERS = {
    Sort.newest: ("created", Order.Desc),
    Sort.price: ("price_from", Order.Asc),
    Sort.price_desc: ("price_from", Order.Desc),
    Sort.name: ("sort_name", Order.Asc),
}
_ENDINGS = 40
# Word lists cost a walk through the dictionary, so they may be this many seconds behind.
_VOCABULARY = "vocabulary"
_VOCABULARY_SECONDS = 60.0
_NAMES_SECONDS = 10.0

_state = msgspec.json.Decoder(DocumentState)


class WordLists:
    """Outlives snapshots: word lists that are refreshed now and then."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, Any]] = {}

    def get(self, name: str, seconds: float, read: Any) -> Any:
        kept = self._kept.get(name)
        if kept is None or kept[0] < time.monotonic():
            if kept is not None:
                # One reads, the others go on with the old list meanwhile.
                self._kept[name] = (time.monotonic() + seconds, kept[1])
            kept = self._kept[name] = (time.monotonic() + seconds, read())
        return kept[1]


class Snapshot:
    def __init__(self, generation: Generation, lists: WordLists) -> None:
        self.generation = generation
        self.searcher = generation.index.searcher()
        self._lists = lists
        options = self.searcher.terms_with_prefix("option_name", "")
        self._option_names = frozenset(name for name, _ in options)
        self.queries = Queries(generation.schema, self._option_names)

    def lexicon(self) -> TantivyLexicon:
        return TantivyLexicon(self.searcher, self._vocabulary())

    def _vocabulary(self) -> Vocabulary:
        vocabulary: Vocabulary = self._lists.get(
            _VOCABULARY, _VOCABULARY_SECONDS, lambda: read_vocabulary(self.searcher)
        )
        return vocabulary

    def search(self, wanted: Wanted) -> Found:
        matching = self.queries.matching(wanted.query, wanted.optional_words)
        filters = self.queries.filters(wanted.selection)
        if wanted.sort is Sort.relevance:
            query = narrowed(self.queries.scored(wanted.query, matching), filters)
            result = self.searcher.search(query, wanted.limit, offset=wanted.offset, weight_by_field="standing")
        else:
            field, order = _ORDERS[wanted.sort]
            unscored = Query.const_score_query(narrowed(matching, filters), 0.0)
            result = self.searcher.search(
                unscored, wanted.limit, offset=wanted.offset, order_by_field=field, order=order
            )
        total = total_of(result)
        items = [msgspec.Raw(self.searcher.doc(address)["item"][0]) for _, address in result.hits]
        if not wanted.facets and not wanted.auto_facets:
            return Found(items=items, total=total, facets=[])
        counter = FacetCounter(self.searcher, self.queries, self._option_names, wanted, matching)
        facets, price = counter.count(total)
        return Found(items=items, total=total, facets=facets, price=price)

    def suggest(self, words: Sequence[str], limit: int) -> Suggested:
        *complete, last = words
        endings = [word for word, _ in self.searcher.terms_with_prefix("word", last, limit=_ENDINGS)]
        products: list[msgspec.Raw] = []
        if endings:
            query = self.queries.beginning([stem(word) for word in complete], endings)
            hits = self.searcher.search(query, limit, count=False, weight_by_field="standing").hits
            products = [msgspec.Raw(self.searcher.doc(address)["item"][0]) for _, address in hits]
        return Suggested(
            products=products,
            categories=_beginning(self._named("category_label"), complete, last, limit),
            brands=_beginning(self._named("brand_label"), complete, last, limit),
        )

    def _named(self, field: str) -> list[Named]:
        def read() -> list[Named]:
            spec = {"names": {"terms": {"field": field, "size": 65_000, "segment_size": 65_000}}}
            buckets = self.searcher.aggregate(self.queries.flag(LIVE), spec)["names"]["buckets"]
            parts = ((bucket["key"].split(SEPARATOR), bucket["doc_count"]) for bucket in buckets)
            return [Named(key[0], key[1], count) for key, count in parts]

        named: list[Named] = self._lists.get(field, _NAMES_SECONDS, read)
        return named

    def states(self, ids: Iterable[UUID]) -> dict[UUID, tuple[DocumentState, int]]:
        """State and digest of documents by product id."""
        found = self._stored("id", [id.hex for id in ids])
        return {product_id: (state, digest) for product_id, state, digest in found}

    def variants(self, variant_ids: Sequence[UUID]) -> dict[UUID, VariantState]:
        asked = set(variant_ids)
        found = {}
        for product_id, state, _ in self._stored("variant", [id.hex for id in variant_ids]):
            for variant_id, (in_stock, sequence) in state.variants.items():
                if variant_id in asked:
                    found[variant_id] = VariantState(product_id, in_stock, sequence)
        return found

    def _stored(self, field: str, keys: list[str]) -> list[tuple[UUID, DocumentState, int]]:
        if not keys:
            return []
        query = Query.const_score_query(Query.term_set_query(self.generation.schema, field, keys), 0.0)
        addresses = [address for _, address in self.searcher.search(query, len(keys), count=False).hits]
        digests = self.searcher.fast_field_values("digest", addresses)
        found = []
        for address, digest in zip(addresses, digests, strict=True):
            document = self.searcher.doc(address)
            found.append((UUID(document["id"][0]), _state.decode(document["state"][0]), int(digest or 0)))
        return found

    def count(self) -> int:
        return total_of(self.searcher.search(self.queries.flag(LIVE), 1, count=True))


def _beginning(named: Iterable[Named], complete: Sequence[str], last: str, limit: int) -> list[Named]:
    """Names that have all complete words and one that begins with the last; the most frequent first."""
    wanted = set(map(stem, complete))
    found = []
    for name in named:
        words = split_words(name.name)
        if any(word.startswith(last) for word in words) and wanted <= set(map(stem, words)):
            found.append(name)
    return sorted(found, key=lambda name: (-name.count, name.name))[:limit]
