"""What ships with the package keeps its promises."""

import gzip
import json
from collections import Counter
from functools import cache
from importlib.resources import files
from typing import Any

from merx.contexts.catalog.domain.description import compose
from merx.contexts.catalog.domain.feed import FeedProduct
from merx.contexts.catalog.domain.feed_reader import FeedRow, read_feed

DATA = files("merx") / "data"


@cache
def raw_rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress((DATA / "catalogue.jsonl.gz").read_bytes()).splitlines()]


@cache
def products() -> list[FeedProduct]:
    with (DATA / "catalogue.jsonl.gz").open("rb") as packed, gzip.open(packed) as lines:
        rows = list(read_feed(lines))
    assert all(isinstance(row, FeedRow) for row in rows), rows
    return [row.product for row in rows if isinstance(row, FeedRow)]


def test_size_of_the_shop() -> None:
    kinds = Counter(product.id[0] for product in products())
    assert kinds == {"e": 1_900, "c": 100}
    assert len((DATA / "catalogue.jsonl.gz").read_bytes()) < 600_000


def test_ids_and_skus_are_unique() -> None:
    assert len({product.id for product in products()}) == 2_000
    skus = [variant.sku for product in products() for variant in product.variants]
    assert len(skus) == len(set(skus))


def test_facts_only() -> None:
    assert {name for row in raw_rows() for name in row} == {
        "id",
        "name",
        "brand",
        "model",
        "category",
        "price",
        "sale_price",
        "currency",
        "attributes",
        "ean",
        "released",
        "stock",
        "variants",
    }
    for row in raw_rows():
        assert 1 < len(row["attributes"]) <= 14
        texts = [value for value in row["attributes"].values() if isinstance(value, str)]
        assert all(len(text) <= 80 and "<" not in text and "http" not in text for text in texts)


def test_prices_are_dollars_above_zero() -> None:
    assert {product.currency for product in products()} == {"USD"}
    assert all(variant.price_amount > 0 for product in products() for variant in product.variants)


def test_options_tell_the_variants_apart() -> None:
    clothes = [product for product in products() if product.category[0] == "Clothing"]
    assert len(clothes) == 100
    for product in clothes:
        identities = {tuple(sorted(variant.options.items())) for variant in product.variants}
        assert len(identities) == len(product.variants)
        colours = {variant.options["colour"] for variant in product.variants}
        sizes = {variant.options["size"] for variant in product.variants}
        assert 3 <= len(colours) <= 5
        assert 4 <= len(sizes) <= 6
        assert len(product.variants) == len(colours) * len(sizes)


def test_stock_is_known_and_looks_like_a_shop() -> None:
    stock = [variant.stock for product in products() for variant in product.variants]
    levels = [level for level in stock if level is not None]
    assert len(levels) == len(stock)
    assert 0.01 < levels.count(0) / len(levels) < 0.05
    assert sum(level >= 20 for level in levels) / len(levels) > 0.7


def test_every_category_has_products_and_no_type_fills_the_shop() -> None:
    types = Counter(product.category for product in products())
    assert len(types) > 120
    assert max(types.values()) < 100


def test_descriptions_come_from_the_facts_and_differ() -> None:
    texts = [compose(product) for product in products()]
    assert len(set(texts)) == len(texts)
    assert all(40 < len(text) < 1_000 for text in texts)
    assert not any(flaw in text for text in texts for flaw in ("  ", "..", " ,", "None", " a a", "{", "}"))


def test_the_source_is_named() -> None:
    notice = (DATA / "NOTICE").read_text("utf-8")
    assert "Icecat" in notice
    assert "Open Content License" in notice
