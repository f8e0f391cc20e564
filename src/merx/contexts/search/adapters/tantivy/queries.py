"""Queries of the engine for what is wanted. Built from terms alone: nothing a caller types is ever parsed."""

from collections.abc import Iterable, Sequence
from itertools import combinations, product
from typing import Any

import tantivy
from tantivy import Occur, Query

from merx.contexts.search.adapters.tantivy.schema import LIVE, STOCK, attribute_term, selection_key, selection_price
from merx.contexts.search.domain import query as domain
from merx.contexts.search.domain.analysis import stem
from merx.contexts.search.domain.facets import (
    BRAND,
    CATEGORY,
    MAX_COMBINATIONS,
    MAX_VARIANT_PROPERTIES,
    PROPERTY_PREFIX,
    Selection,
    TooManyFilters,
)

# What a word counts by where it stands. The leaf category says what a thing is.
WEIGHTS = {"name": 3.0, "leaf": 8.0, "brand": 2.0, "category": 2.0, "property": 1.5, "text": 0.3, "code": 4.0}
_CODE = 1_000.0
_MAX_PRICE = 2**63 - 1


class Queries:
    """Bound to one schema and to the option names that occur in the index."""

    def __init__(self, schema: tantivy.Schema, option_names: frozenset[str]) -> None:
        self._schema = schema
        self._options = option_names

    def flag(self, name: str) -> Query:
        return self.term("flag", name)

    def term(self, field: str, value: str) -> Query:
        return Query.term_query(self._schema, field, value, "basic")

    def matching(self, wanted: domain.Query, optional_words: int) -> Query:
        """Who meets the query, without a score; everything visible for an empty one."""
        if wanted.empty:
            return self.flag(LIVE)
        required = [self._met(concept) for concept in wanted.concepts if not concept.optional]
        if not required:
            words = Query.empty_query()
        elif optional_words:
            at_least = max(1, len(required) - optional_words)
            words = Query.boolean_query([(Occur.Should, each) for each in required], at_least)
        else:
            words = all_of(required)
        if not wanted.code:
            return words
        return any_one([self.term("code", wanted.code), words])

    def _met(self, concept: domain.Concept) -> Query:
        return any_one([all_of([self.term("any", token) for token in way.tokens]) for way in concept.alternatives])

    def scored(self, wanted: domain.Query, matching: Query) -> Query:
        """The same products with a score for how well they meet the query."""
        silent = Query.const_score_query(matching, 0.0)
        if wanted.empty:
            return Query.const_score_query(matching, 1.0)
        parts = [(Occur.Must, silent)]
        if wanted.code:
            parts.append((Occur.Should, Query.const_score_query(self.term("code", wanted.code), _CODE)))
        for concept in wanted.concepts:
            if concept.optional:
                # A stop word may be a brand or a title: it lifts what is called so.
                parts += self._score(concept.words[0], 1.0, ("name", "brand"))
            else:
                # One flat sum: nested, the engine takes three times as long and ranks no better.
                for token, weight in _weights(concept).items():
                    parts += self._score(token, weight, WEIGHTS)
        return Query.boolean_query(parts)

    def _score(self, token: str, weight: float, fields: Iterable[str]) -> list[tuple[Occur, Query]]:
        return [
            (
                Occur.Should,
                Query.boost_query(Query.term_query(self._schema, field, token, "freq"), WEIGHTS[field] * weight),
            )
            for field in fields
        ]

    def beginning(self, complete: Sequence[str], endings: Sequence[str]) -> Query:
        """Products with all complete words and one of the endings of the last; names and kinds before the rest."""
        must = [self.term("any", token) for token in complete]
        must += [self.any_of("word", endings), self.flag(LIVE)]
        stems = list(dict.fromkeys(map(stem, endings)))
        lifted = [
            (Occur.Should, Query.const_score_query(self.any_of(field, stems), WEIGHTS[field]))
            for field in ("name", "leaf", "brand")
        ]
        scored = [part for token in complete for part in self._score(token, 1.0, WEIGHTS)]
        return Query.boolean_query([(Occur.Must, Query.const_score_query(all_of(must), 0.0)), *lifted, *scored])

    def any_of(self, field: str, values: Iterable[str]) -> Query:
        return Query.term_set_query(self._schema, field, list(values))

    def filters(self, chosen: Selection, leave_out: str = "") -> list[Query]:
        """What a product must meet beside the text; the facet `leave_out` does not filter."""
        found = []
        if chosen.categories and leave_out != CATEGORY:
            found.append(self.any_of("category_key", chosen.categories))
        if chosen.brands and leave_out != BRAND:
            found.append(self.any_of("brand_key", chosen.brands))
        if chosen.priced:
            found.append(self.term("currency", chosen.currency))
        varying: dict[str, tuple[str, ...]] = {}
        for name, values in chosen.properties.items():
            if leave_out == PROPERTY_PREFIX + name:
                continue
            if name in self._options:
                varying[name] = values
            else:
                found.append(self.attribute(name, values))
        variant = self.one_variant(varying, chosen)
        return found if variant is None else [*found, variant]

    def attribute(self, name: str, values: Iterable[str]) -> Query:
        return self.any_of("attribute", [attribute_term(name, value) for value in values])

    def one_variant(self, options: dict[str, tuple[str, ...]], chosen: Selection) -> Query | None:
        """One variant that has the options, is in stock and costs what was asked, as far as each was asked.

        A property such as colour is an option of some products and an attribute of others, so each may be met either
        way.
        """
        if len(options) > MAX_VARIANT_PROPERTIES:
            raise TooManyFilters(f"at most {MAX_VARIANT_PROPERTIES} properties that tell variants apart")
        ways = []
        for size in range(len(options) + 1):
            for names in combinations(options, size):
                parts = [self.attribute(name, values) for name, values in options.items() if name not in names]
                variant = self._variant({name: options[name] for name in names}, chosen)
                ways.append([*parts, variant] if variant is not None else parts)
        queries = [all_of(parts) for parts in ways if parts]
        return any_one(queries) if queries else None

    def _variant(self, options: dict[str, tuple[str, ...]], chosen: Selection) -> Query | None:
        low = max(0, chosen.price_min or 0)
        high = _MAX_PRICE if chosen.price_max is None else min(chosen.price_max, _MAX_PRICE)
        if chosen.priced and low > high:
            return Query.empty_query()
        if not options:
            if chosen.priced:
                field = "price_stock" if chosen.in_stock else "price"
                return Query.range_query(self._schema, field, tantivy.FieldType.Unsigned, low, high)
            return self.flag(STOCK) if chosen.in_stock else None
        count = 1
        for values in options.values():
            count *= len(values)
        if count > MAX_COMBINATIONS:
            raise TooManyFilters(f"at most {MAX_COMBINATIONS} combinations of values")
        names = sorted(options)
        keys = [
            selection_key(tuple(zip(names, values, strict=True)), in_stock=chosen.in_stock)
            for values in product(*(options[name] for name in names))
        ]
        if not chosen.priced:
            return Query.term_set_query(self._schema, "selection", keys)
        ranges = [
            Query.range_query(
                self._schema,
                "selection_price",
                tantivy.FieldType.IpAddr,
                selection_price(key, low),
                selection_price(key, high),
                use_inverted_index=True,
            )
            for key in keys
        ]
        return any_one(ranges)


def _weights(concept: domain.Concept) -> dict[str, float]:
    """Tokens of all ways to meet a concept, each with its best weight."""
    found: dict[str, float] = {}
    for way in concept.alternatives:
        for token in way.tokens:
            found[token] = max(way.weight, found.get(token, 0.0))
    return found


def total_of(result: Any) -> int:
    """Products that matched; the type stubs of the engine forget it."""
    return int(result.count)


def all_of(parts: Sequence[Query]) -> Query:
    return parts[0] if len(parts) == 1 else Query.boolean_query([(Occur.Must, part) for part in parts])


def any_one(parts: Sequence[Query]) -> Query:
    return parts[0] if len(parts) == 1 else Query.boolean_query([(Occur.Should, part) for part in parts])


def narrowed(text: Query, filters: Sequence[Query]) -> Query:
    """The text decides the score, filters only who is in."""
    if not filters:
        return text
    silent = [(Occur.Must, Query.const_score_query(each, 0.0)) for each in filters]
    return Query.boolean_query([(Occur.Must, text), *silent])
