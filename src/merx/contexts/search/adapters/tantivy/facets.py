"""Counting facets. Every count is exact, in products, and honest about variants."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import tantivy
from tantivy import Query

from merx.contexts.search.adapters.tantivy.queries import Queries, narrowed, total_of
from merx.contexts.search.adapters.tantivy.schema import MIXED, SEPARATOR, STOCK
from merx.contexts.search.domain.documents import folded_value
from merx.contexts.search.domain.facets import (
    BRAND,
    CATEGORY,
    IN_STOCK,
    PRICE,
    PROPERTY_PREFIX,
    Facet,
    FacetValue,
    PriceFacet,
    PriceRange,
    Selection,
    band_range,
)
from merx.contexts.search.ports.index import Wanted

_SHOWN = 20
_SHOWN_CATEGORIES = 100
# The engine cuts every segment's list off at this length before it adds them up: below it counts are exact.
_EXACT = 65_000
_MANY = 200
# A property is offered unasked when so many of the found products have it.
_COVERAGE = 0.2

Spec = dict[str, Any]
Buckets = list[tuple[Any, int]]
_LABELS = {CATEGORY: "category_label", BRAND: "brand_label"}
_NAMES = "names"


def _terms(field: str, size: int = _EXACT) -> Spec:
    return {"terms": {"field": field, "size": size, "segment_size": _EXACT}}


def _buckets(result: Spec) -> Buckets:
    return [(bucket["key"], bucket["doc_count"]) for bucket in result["buckets"]]


class FacetCounter:
    """Counts for one search. `matching` is the query without any filter.

    Facets without a choice of their own count the same products, in one pass; each other one takes its own.
    """

    def __init__(
        self,
        searcher: tantivy.Searcher,
        queries: Queries,
        option_names: frozenset[str],
        wanted: Wanted,
        matching: Query,
    ) -> None:
        self._searcher = searcher
        self._queries = queries
        self._options = option_names
        self._chosen = wanted.selection
        self._wanted = wanted
        self._text = Query.const_score_query(matching, 0.0)
        self._shared: dict[str, Any] = {}
        self._own = {PROPERTY_PREFIX + name for name in self._chosen.properties}
        self._own |= {CATEGORY} if self._chosen.categories else set()
        self._own |= {BRAND} if self._chosen.brands else set()

    def count(self, total: int) -> tuple[list[Facet], PriceFacet | None]:
        names = [name for name in self._wanted.facets if name != PRICE]
        names += sorted(self._own - set(names))
        spec = self._spec_of(names)
        if PRICE in self._wanted.facets and not self._chosen.priced:
            spec |= self._price_spec()
        if self._wanted.auto_facets:
            spec[_NAMES] = _terms("attribute_name")
        self._shared = self._aggregate(self._query(""), spec) if spec else {}
        if self._wanted.auto_facets and total:
            more = self._worth_showing(total, names)
            self._shared |= self._aggregate(self._query(""), self._spec_of(more)) if more else {}
            names += more
        facets = [facet for facet in map(self._facet, names) if self._useful(facet)]
        return facets, self._price() if PRICE in self._wanted.facets else None

    def _worth_showing(self, total: int, taken: Sequence[str]) -> list[str]:
        common = [name for name, count in _buckets(self._shared[_NAMES]) if count >= total * _COVERAGE]
        offered = [PROPERTY_PREFIX + name for name in (*sorted(self._options), *common)]
        return [name for name in dict.fromkeys(offered) if name not in taken][: self._wanted.auto_facets]

    def _useful(self, facet: Facet) -> bool:
        if facet.name in self._wanted.facets:
            return bool(facet.values)
        return len(facet.values) > 1 or any(value.selected for value in facet.values)

    # ---- asking the engine

    def _query(self, leave_out: str, chosen: Selection | None = None) -> Query:
        return narrowed(self._text, self._queries.filters(chosen or self._chosen, leave_out))

    def _aggregate(self, query: Query, spec: Spec) -> dict[str, Any]:
        return self._searcher.aggregate(query, spec)

    def _total(self, chosen: Selection) -> int:
        return self._hits(self._query("", chosen))

    def _hits(self, query: Query) -> int:
        return total_of(self._searcher.search(query, limit=1, count=True))

    def _spec_of(self, names: Sequence[str]) -> Spec:
        spec: Spec = {}
        for name in names:
            if name == IN_STOCK:
                spec |= {} if self._tells_variants_apart() else {IN_STOCK: {"filter": f"flag:{STOCK}"}}
            elif name not in self._own:
                spec |= self._spec(name, _MANY)
        return spec

    def _spec(self, name: str, size: int) -> Spec:
        if name in _LABELS:
            return {name: _terms(_LABELS[name], size)}
        if not name.startswith(PROPERTY_PREFIX):
            return {}
        key = name.removeprefix(PROPERTY_PREFIX)
        if key not in self._options:
            return {f"{name}/attribute": _terms(f"attribute_shown.{key}", size)}
        field = "option_stock_shown" if self._chosen.in_stock else "option_shown"
        return {
            f"{name}/attribute": _terms(f"attribute_shown.{key}"),
            f"{name}/option": _terms(f"{field}.{key}"),
        }

    def _tells_variants_apart(self) -> bool:
        """Whether something is chosen that holds for a variant and not for its product."""
        return self._chosen.in_stock or self._chosen.priced or self._options_chosen()

    def _options_chosen(self, but: str = "") -> bool:
        return any(name in self._options and name != but for name in self._chosen.properties)

    # ---- one facet

    def _facet(self, name: str) -> Facet:
        if name == IN_STOCK:
            return Facet(name=name, values=self._in_stock())
        result = self._shared
        if name in self._own:
            result = self._aggregate(self._query(name), self._spec(name, _EXACT))
        if name in _LABELS:
            values = self._labelled(name, _buckets(result[name]))
        elif name.startswith(PROPERTY_PREFIX):
            values = self._property(name, result)
        else:
            values = []
        return Facet(name=name, values=values)

    def _in_stock(self) -> list[FacetValue]:
        if IN_STOCK in self._shared:
            count = int(self._shared[IN_STOCK]["doc_count"])
        else:
            count = self._total(msgspec.structs.replace(self._chosen, in_stock=True))
        chosen = self._chosen.in_stock
        return [FacetValue(value="true", label="In stock", count=count, selected=chosen)] if count or chosen else []

    def _labelled(self, name: str, buckets: Buckets) -> list[FacetValue]:
        chosen = set(self._chosen.categories if name == CATEGORY else self._chosen.brands)
        values = []
        for key, count in buckets:
            slug, label, *above = key.split(SEPARATOR)
            parent = above[0] if above and above[0] else None
            values.append(FacetValue(value=slug, label=label, count=count, selected=slug in chosen, parent=parent))
        return _shown(values, chosen, _SHOWN_CATEGORIES if name == CATEGORY else _SHOWN, lambda slug: slug)

    def _property(self, name: str, result: dict[str, Any]) -> list[FacetValue]:
        key = name.removeprefix(PROPERTY_PREFIX)
        chosen = set(self._chosen.properties.get(key, ()))
        merged: dict[str, tuple[str, int]] = {}
        for part in ("attribute", "option"):
            for label, count in _buckets(result.get(f"{name}/{part}", {"buckets": []})):
                folded = folded_value(label)
                shown, before = merged.get(folded, (label, 0))
                merged[folded] = (shown, before + count)
        if key in self._options and not self._separable(key):
            merged = self._one_by_one(key, merged)
        values = [
            FacetValue(value=label, label=label, count=count, selected=folded in chosen)
            for folded, (label, count) in merged.items()
            if count
        ]
        return _shown(values, chosen, _SHOWN, folded_value)

    def _separable(self, key: str) -> bool:
        """Whether an option can be counted on its own: nothing else that is chosen tells variants apart."""
        if self._options_chosen(but=key):
            return False
        if not self._chosen.priced:
            return True
        mixed = narrowed(self._query(PROPERTY_PREFIX + key), [self._queries.flag(MIXED)])
        return self._hits(mixed) == 0

    def _one_by_one(self, key: str, most: dict[str, tuple[str, int]]) -> dict[str, tuple[str, int]]:
        """Each value with a search of its own. `most` bounds the counts from above and so tells when to stop."""
        exact: dict[str, tuple[str, int]] = {}
        best: list[int] = []
        for folded, (label, bound) in sorted(most.items(), key=lambda item: -item[1][1]):
            if len(best) >= _SHOWN and sorted(best, reverse=True)[_SHOWN - 1] >= bound:
                break
            properties = {**self._chosen.properties, key: (folded,)}
            count = self._total(msgspec.structs.replace(self._chosen, properties=properties))
            exact[folded] = (label, count)
            best.append(count)
        return exact

    # ---- prices

    def _price_spec(self) -> Spec:
        in_stock = self._chosen.in_stock
        inner = {
            "span": {"stats": {"field": "price_stock" if in_stock else "price"}},
            "bands": _terms("band_stock" if in_stock else "band"),
        }
        return {PRICE: {**_terms("currency"), "aggs": inner}}

    def _price(self) -> PriceFacet | None:
        """Of the chosen currency, else of the one that most products have."""
        result = self._shared.get(PRICE)
        if result is None:
            result = self._aggregate(self._query("", self._chosen.without_price()), self._price_spec())[PRICE]
        buckets = {bucket["key"]: bucket for bucket in result["buckets"]}
        most = max(buckets, key=lambda key: (buckets[key]["doc_count"], key), default="")
        currency = self._chosen.currency if self._chosen.priced else most
        bucket = buckets.get(currency)
        if bucket is None or bucket["span"]["min"] is None:
            return None
        ranges = []
        for band, count in sorted(_buckets(bucket["bands"])):
            low, high = band_range(int(band))
            exact = self._in_range(low, high, currency) if self._options_chosen() else count
            if exact:
                ranges.append(PriceRange(price_min=low, price_max=high, count=exact))
        lowest, highest = int(bucket["span"]["min"]), int(bucket["span"]["max"])
        return PriceFacet(currency=currency, lowest=lowest, highest=highest, ranges=ranges)

    def _in_range(self, low: int, high: int, currency: str) -> int:
        return self._total(msgspec.structs.replace(self._chosen, price_min=low, price_max=high, currency=currency))


def _shown(values: list[FacetValue], chosen: set[str], limit: int, key: Callable[[str], str]) -> list[FacetValue]:
    """The most frequent values; chosen ones always, even when nothing is left of them."""
    ordered = sorted(values, key=lambda value: (-value.count, value.label))
    shown = [value for position, value in enumerate(ordered) if position < limit or value.selected]
    missing = sorted(chosen - {key(value.value) for value in shown})
    return [*shown, *(FacetValue(value=value, label=value, count=0, selected=True) for value in missing)]
