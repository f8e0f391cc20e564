"""Fields of the index and how a product becomes a document. Change FORM with anything here: old folders are rebuilt."""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from typing import Any
from uuid import UUID

import msgspec
import tantivy

from merx.contexts.search.domain.analysis import analyse, analyse_often, code, fold, tokens
from merx.contexts.search.domain.documents import (
    MAX_FACET_VALUE,
    Combination,
    ListedProduct,
    attribute_values,
    combinations_of,
    entry_of,
    folded_value,
    option_values,
)
from merx.contexts.search.domain.facets import price_band

FORM = 1
LIVE, STOCK, MIXED = "live", "stock", "mixed"
TEXT_FIELDS = ("name", "brand", "category", "leaf", "property", "text")
SEPARATOR = "\x1f"
_MAX_TEXT = 20_000
_LARGEST = 2**63 - 1

_encode = msgspec.json.Encoder().encode


class DocumentState(msgspec.Struct, array_like=True):
    """What the writer must know of a document again: variant id → in stock, sequence of the stock event."""

    version: int
    visible: bool
    variants: dict[UUID, tuple[bool, int]]


def build_schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("digest", fast=True)
    for name in TEXT_FIELDS:
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
    # `any` has every token of the others once: it decides who matches, they decide the score.
    for name in ("any", "code", "word"):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="basic")
    for name in ("category_key", "brand_key", "attribute", "option_name", "variant"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in ("flag", "category_label", "brand_label", "attribute_name", "currency", "sort_name"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    for name in ("attribute_shown", "option_shown", "option_stock_shown"):
        builder.add_json_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    builder.add_unsigned_field("selection", indexed=True)
    # Ordered 128-bit keys, selection before price; an address is the only type of the engine that wide.
    builder.add_ip_addr_field("selection_price", indexed=True)
    for name in ("price", "price_stock", "band", "band_stock"):
        builder.add_unsigned_field(name, indexed=True, fast=True)
    for name in ("price_from", "created"):
        builder.add_unsigned_field(name, fast=True)
    builder.add_float_field("standing", fast=True)
    builder.add_bytes_field("item", stored=True)
    builder.add_bytes_field("state", stored=True)
    return builder.build()


@lru_cache(maxsize=65_536)
def selection_key(chosen: Combination, *, in_stock: bool) -> int:
    """A number for "a variant with these options" and "such a variant in stock"."""
    digest = blake2b(digest_size=8, person=b"stock" if in_stock else b"any")
    for name, value in chosen:
        digest.update(f"{name}\x00{value}\x01".encode())
    return int.from_bytes(digest.digest(), "big") & _LARGEST


def selection_price(key: int, amount: int) -> str:
    digits = f"{key:016x}{min(max(amount, 0), _LARGEST):016x}"
    return ":".join(digits[at : at + 4] for at in range(0, 32, 4))


def attribute_term(name: str, value: str) -> str:
    """`value` is folded."""
    return name + SEPARATOR + value


def to_document(product: ListedProduct, state: DocumentState, schema: tantivy.Schema) -> tuple[tantivy.Document, int]:
    """The document, and the digest of all that is in it."""
    fields = _fields(product) if state.visible else {}
    return _document(product.product_id, fields, state, schema)


def to_tombstone(product_id: UUID, state: DocumentState, schema: tantivy.Schema) -> tuple[tantivy.Document, int]:
    """Found by its id alone. Keeps a late, older copy of the product from coming back."""
    return _document(product_id, {}, state, schema)


def _document(
    product_id: UUID, fields: dict[str, Any], state: DocumentState, schema: tantivy.Schema
) -> tuple[tantivy.Document, int]:
    fields["state"] = _encode(state)
    fields["id"] = product_id.hex
    digest = int.from_bytes(blake2b(_encode(fields), digest_size=8).digest(), "big") & _LARGEST
    fields["digest"] = digest
    return tantivy.Document.from_dict(fields, schema), digest


def _fields(product: ListedProduct) -> dict[str, Any]:
    entry = entry_of(product)
    attributes = attribute_values(product)
    # Numbers can be filtered by but are no list to choose from: millimetres and grams are many and mean little.
    shown = {name: value for name, value in attributes.items() if not value[:1].isdigit()}
    options, in_stock = option_values(product), option_values(product, in_stock=True)
    fields: dict[str, Any] = {
        **_text(product),
        **_variants(product),
        "flag": [LIVE],
        "category_key": [key for step in product.categories for key in (step.slug, str(step.id))],
        "category_label": [
            SEPARATOR.join((step.slug, step.name, above.slug if above else ""))
            for step, above in zip(product.categories, [None, *product.categories], strict=False)
        ],
        "attribute": [attribute_term(name, folded_value(value)) for name, value in attributes.items()],
        "attribute_shown": shown,
        "attribute_name": list(shown),
        "option_shown": {name: list(shown.values()) for name, shown in options.items()},
        "option_stock_shown": {name: list(shown.values()) for name, shown in in_stock.items()},
        "option_name": list(options),
        "currency": product.currency,
        "sort_name": fold(product.name)[:100],
        "price_from": entry.price_from.amount,
        "created": max(0, int(product.created_at.timestamp())),
        # The engine multiplies a score with log2(2 + standing): 1.15 for what can be had, 1 for what is sold out.
        "standing": 0.22 if entry.in_stock else 0.0,
        "item": _encode(entry),
    }
    if product.brand:
        fields["brand_key"] = product.brand_slug
        fields["brand_label"] = product.brand_slug + SEPARATOR + product.brand
    if entry.in_stock:
        fields["flag"].append(STOCK)
    if entry.price_from != entry.price_to:
        fields["flag"].append(MIXED)
    return fields


def _text(product: ListedProduct) -> dict[str, str]:
    texts, words = _texts(product)
    codes = _codes(product)
    every = set(codes).union(*texts.values())
    return {
        **{field: " ".join(found) for field, found in texts.items()},
        "any": " ".join(sorted(every)),
        "code": " ".join(codes),
        "word": " ".join(sorted(words)),
    }


def _texts(product: ListedProduct) -> tuple[dict[str, Iterable[str]], set[str]]:
    """Tokens by field, and the words as people write them."""
    values = [value for value in product.attributes.values() if isinstance(value, str)]
    prose = [value for value in values if len(value) > MAX_FACET_VALUE]
    name, brand = analyse(product.name), analyse_often(product.brand)
    categories = [analyse_often(step.name) for step in product.categories]
    properties = [analyse_often(value) for value in values if len(value) <= MAX_FACET_VALUE]
    properties += map(analyse_often, {value for variant in product.variants for value in variant.options.values()})
    words = set(name.words).union(*(text.words for text in (brand, *categories, *properties)))
    return {
        "name": name.tokens,
        "brand": brand.tokens,
        "category": [token for text in categories[:-1] for token in text.tokens],
        "leaf": categories[-1].tokens if categories else (),
        "property": [token for text in properties for token in text.tokens],
        "text": tokens("\n".join((product.description, *prose))[:_MAX_TEXT]),
    }, words


def _codes(product: ListedProduct) -> list[str]:
    identifiers = [product.model, product.external_id]
    for variant in product.variants:
        identifiers.append(variant.sku)
        identifiers += variant.barcodes
    return list(dict.fromkeys(filter(None, map(code, identifiers))))


def _variants(product: ListedProduct) -> dict[str, Any]:
    """Everything that must hold for one variant at a time."""
    any_key: set[int] = set()
    keyed_prices: set[tuple[int, int]] = set()
    prices: set[int] = set()
    stock_prices: set[int] = set()
    for variant in product.priced:
        amount = variant.price.amount
        prices.add(amount)
        if variant.available > 0:
            stock_prices.add(amount)
        for chosen in combinations_of(variant):
            for in_stock in (False, True) if variant.available > 0 else (False,):
                key = selection_key(chosen, in_stock=in_stock)
                any_key.add(key)
                keyed_prices.add((key, amount))
    return {
        "variant": [variant.variant_id.hex for variant in product.variants],
        "selection": sorted(any_key),
        "selection_price": [selection_price(key, amount) for key, amount in sorted(keyed_prices)],
        "price": sorted(prices),
        "price_stock": sorted(stock_prices),
        "band": sorted(set(map(price_band, prices))),
        "band_stock": sorted(set(map(price_band, stock_prices))),
    }
