"""A line of a feed becomes a product or is refused with a reason; nothing else ever happens."""

import datetime
import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.contexts.catalog.domain.feed import FeedError, FeedProduct, FeedVariant, parse_line
from merx.contexts.catalog.domain.feed_reader import FeedProblem, read_feed

# Takes seconds.
CATALOGUES = os.environ.get("MERX_TEST_CATALOGUES", "")
large = pytest.mark.skipif(not CATALOGUES, reason="MERX_TEST_CATALOGUES names no folder with the large catalogues")

GOOD: dict[str, Any] = {"id": "p1", "name": "Lamp", "category": ["Home", "Lamps"], "price": 19.99, "currency": "USD"}


def parse(**changes: Any) -> FeedProduct:
    row = {name: value for name, value in (GOOD | changes).items() if value is not ...}
    return parse_line(json.dumps(row).encode())


def test_the_least_row_is_one_product_with_one_variant() -> None:
    product = parse()
    assert product == FeedProduct(
        id="p1",
        name="Lamp",
        currency="USD",
        category=("Home", "Lamps"),
        variants=(FeedVariant(sku="p1", price_amount=1999),),
    )
    assert product.price_amount == 1999


def test_a_full_row() -> None:
    product = parse(
        brand=" Acme  Ltd ",
        model="L-1",
        mpn="X 7",
        sku="SKU-1",
        sale_price=10,
        stock=5,
        ean=["4008496274154", "04008496274154"],
        description="One<br/>two &amp; <b>three</b>\\nfour",
        attributes={"power_w": 7, "dimmable": True, "socket": "E27", "empty": " ", "none": None},
        colour="Black",
        year=2012,
        released="2020-05-31",
        added="2021-01-02",
        image="http://example.invalid/x.jpg",
        source="elsewhere",
    )
    assert product.brand == "Acme Ltd"
    assert product.variants == (
        FeedVariant(sku="SKU-1", price_amount=1999, sale_amount=1000, barcodes=("4008496274154",), stock=5),
    )
    assert product.attributes == {"power_w": 7, "dimmable": True, "socket": "E27", "colour": "Black", "year": 2012}
    assert product.description == "One\ntwo & three\nfour"
    assert product.released == datetime.date(2020, 5, 31)
    assert product.added == datetime.date(2021, 1, 2)


def test_attributes_win_over_a_field_of_the_same_name() -> None:
    assert parse(colour="Red", attributes={"colour": "Blue"}).attributes == {"colour": "Blue"}


def test_null_is_the_same_as_absent() -> None:
    assert parse(brand=None, variants=None, attributes=None, stock=None) == parse()


def test_short_variants() -> None:
    product = parse(variants=[{"sku": "1", "size": "S"}, {"sku": "2", "size": 42}, {"sku": "3", "size": "S"}])
    assert [variant.options["size"] for variant in product.variants] == ["S", "42", "S (2)"]
    assert {variant.price_amount for variant in product.variants} == {1999}


def test_an_empty_size_gets_a_name_so_that_no_sku_is_lost() -> None:
    product = parse(variants=[{"sku": "1", "size": ""}, {"sku": "2", "size": "M"}, {"sku": "3", "size": " "}])
    assert [variant.options["size"] for variant in product.variants] == ["Unspecified", "M", "Unspecified (2)"]


def test_explicit_variants() -> None:
    product = parse(
        sale_price=15,
        variants=[
            {"sku": "a", "options": {"colour": "Red", "size": "M"}, "ean": "40084962", "stock": 0},
            {"sku": "b", "options": {"colour": "Red", "size": "L"}, "price": 25},
            {"sku": "c", "options": {"colour": "Red", "size": "XL"}, "price": 25, "sale_price": 24.5},
        ],
    )
    assert [(v.price_amount, v.sale_amount, v.stock) for v in product.variants] == [
        (1999, 1500, 0),
        (2500, None, None),
        (2500, 2450, None),
    ]
    assert product.barcodes == ("40084962",)


def test_price_may_be_missing_when_every_variant_has_one() -> None:
    assert parse(price=..., variants=[{"sku": "a", "price": 3}]).price_amount == 300


@pytest.mark.parametrize(
    ("currency", "price", "amount"),
    [
        ("USD", 19.99, 1999),
        ("USD", 0.29, 29),
        ("USD", 4.35, 435),
        ("JPY", 500, 500),
        ("KWD", 1.234, 1234),
        ("INR", 449, 44900),
    ],
)
def test_prices_are_exact(currency: str, price: float, amount: int) -> None:
    assert parse(currency=currency, price=price).price_amount == amount


TWO = [{"sku": "a", "options": {"size": "S"}}, {"sku": "b", "options": {"size": "M"}}]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": ...}, "id: is missing"),
        ({"id": ""}, "id: is empty"),
        ({"id": 7}, "id: must be text"),
        ({"id": "x" * 65}, "id: longer than 64"),
        ({"id": "naïve"}, "id: may hold printable ASCII only"),
        ({"name": ...}, "name: is missing"),
        ({"name": "  "}, "name: is empty"),
        ({"name": "\u200b!"}, "name: has no letter or digit"),
        ({"name": "a\x00b"}, "name: has a control character"),
        ({"name": "x" * 301}, "name: longer than 300"),
        ({"name": ["x"]}, "name: must be text, not a list"),
        ({"price": ...}, "price: is missing"),
        ({"price": 0}, "price: must be above 0"),
        ({"price": -1}, "price: must be above 0"),
        ({"price": 19.999}, "price: 19.999 has more than 2 decimal places"),
        ({"price": "19.99"}, "price: must be a number"),
        ({"price": True}, "price: must be a number"),
        ({"price": 1e300}, "price: must be above 0 and at most"),
        ({"price": 10**10}, "price: must be above 0 and at most"),
        ({"price": 1e-320}, "price: 1e-320 has more than"),
        ({"price": 10**400}, "price: must be above 0 and at most"),
        ({"sale_price": 0}, "sale_price: must be above 0"),
        ({"sale_price": 19.99}, "sale_price: must be below price"),
        ({"currency": ...}, "currency: is missing"),
        ({"currency": "XXQ"}, "currency: 'XXQ' is not an ISO 4217 code"),
        ({"currency": "usd"}, "currency: 'usd' is not"),
        ({"currency": {}}, "currency: must be text, not an object"),
        ({"category": ...}, "category: is missing"),
        ({"category": "Home > Lamps"}, "category: must be a list"),
        ({"category": []}, "category: must have 1 to 8 levels, has 0"),
        ({"category": ["x"] * 9}, "category: must have 1 to 8 levels, has 9"),
        ({"category": ["Home", " "]}, "category: is empty"),
        ({"category": ["Home", 1]}, "category: must be text"),
        ({"category": ["Home", ["Lamps"]]}, "category: must be text, not a list"),
        ({"brand": 3}, "brand: must be text"),
        ({"brand": "x" * 101}, "brand: longer than 100"),
        ({"description": "x" * 100_001}, "description: longer than 100,000"),
        ({"description": "a\x00"}, "description: has a control character"),
        ({"released": "2020-02-31"}, "released: must be a date"),
        ({"added": "2020-W01-1"}, "added: must be a date"),
        ({"added": 20200101}, "added: must be a date"),
        ({"attributes": []}, "attributes: must be an object"),
        ({"attributes": {"a": ["x"]}}, "attribute 'a': holds a list"),
        ({"attributes": {" ": "x"}}, "attribute name: is empty"),
        ({"attributes": {"a" * 101: "x"}}, "attribute name: longer than 100"),
        ({"attributes": {"a": "x" * 10_001}}, "a: longer than 10,000"),
        ({"attributes": {"a": 2**60}}, "'a': number out of range"),
        ({"attributes": {str(n): n for n in range(301)}}, "attributes: more than 300"),
        ({"dimensions": {"w": 3}}, "unknown field 'dimensions': holds an object"),
        ({"tags": ["a"]}, "unknown field 'tags': holds a list"),
        ({"stock": -1}, "stock: must be a whole number"),
        ({"stock": 1.5}, "stock: must be a whole number"),
        ({"ean": 4008496274154}, "ean: must be a text of digits or a list"),
        ({"ean": ["400849627415X"]}, "ean: '400849627415X' is not a text of 8 to 14 digits"),
        ({"ean": ["٤٠٠٨٤٩٦٢"]}, "is not a text of 8 to 14 digits"),
        ({"ean": ["40084962"] * 201}, "ean: more than 200"),
        ({"variants": {}}, "variants: must be a list"),
        ({"variants": [3]}, "variants[0]: must be an object, not 3"),
        ({"variants": [{}]}, "variants[0].sku: is missing"),
        ({"variants": [{"sku": "a", "colour": ""}]}, "variants[0].colour: is empty"),
        ({"variants": [{"sku": "a", "weight": 3}]}, "variants[0].'weight': unknown field"),
        ({"variants": [{"sku": "a"}, {"sku": "b", "size": "S"}]}, "same option names"),
        ({"variants": [{"sku": "a", "options": []}]}, "variants[0].options: must be an object"),
        ({"variants": [{"sku": "a", "options": {"size": ""}}]}, "variants[0].options: 'size' is empty"),
        ({"variants": [{"sku": "a", "options": {"size": "S"}, "size": "S"}]}, "go inside it"),
        ({"variants": [{"sku": "a", "options": {str(n): "x" for n in range(6)}}]}, "options: more than 5"),
        ({"variants": [{"sku": "a"}, {"sku": "b"}]}, "variants[1]: has the same options as another variant"),
        ({"variants": [TWO[0], {"sku": "a", "options": {"size": "M"}}]}, "variants[1].sku: 'a' comes twice"),
        ({"variants": [TWO[0], {"sku": "c", "options": {"size": "S"}}]}, "variants[1]: has the same options"),
        ({"variants": [TWO[0], {"sku": "c", "options": {"fit": "Slim"}}]}, "must have the same option names"),
        ({"variants": [{"sku": "a", "price": -2}]}, "variants[0].price: must be above 0"),
        ({"variants": [{"sku": "a", "stock": "3"}]}, "variants[0].stock: must be a whole number"),
        ({"variants": [{"sku": str(n), "size": str(n)} for n in range(501)]}, "variants: more than 500"),
        ({"variants": TWO, "stock": 3}, "stock: belongs on each variant"),
        ({"variants": TWO, "sku": "x"}, "sku: belongs on each variant"),
        ({"variants": TWO, "price": ...}, "variants[0].price: is missing here and on the product"),
    ],
)
def test_refused_with_a_reason(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(FeedError) as refused:
        parse(**changes)
    assert reason in refused.value.detail
    assert len(refused.value.detail) < 250
    assert refused.value.detail.isprintable()


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"not json",
        b"[]",
        b"3",
        b"null",
        b'{"id": NaN}',
        b'{"id": "\xff"}',
        b'{"id": "a", "name": "\\ud800"}',
        b'{"id": "a\x01"}',
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"id": ' + b"9" * 10_000 + b"}",
        b'{"price": 1e999}',
        b"x" * (1 << 20) + b"x",
    ],
)
def test_lines_that_are_no_row(line: bytes) -> None:
    with pytest.raises(FeedError):
        parse_line(line)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=8), children, max_size=4),
    max_leaves=12,
)
fields = st.sampled_from([*GOOD, "variants", "attributes", "ean", "stock", "sale_price", "released", "brand", "other"])


@given(st.dictionaries(fields, json_values, max_size=5))
def test_any_json_is_a_product_or_refused(changes: dict[str, Any]) -> None:
    try:
        product = parse_line(json.dumps(GOOD | changes).encode())
    except FeedError:
        return
    assert all(variant.price_amount > 0 for variant in product.variants)
    assert len({frozenset(variant.options.items()) for variant in product.variants}) == len(product.variants)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(line: bytes) -> None:
    with pytest.raises(FeedError):
        parse_line(line)


@large
def test_a_sample_of_the_large_catalogues_parses() -> None:
    with gzip.open(Path(CATALOGUES) / "catalogue-sample.jsonl.gz") as lines:
        assert [problem for problem in read_feed(lines) if isinstance(problem, FeedProblem)] == []


@large
@pytest.mark.parametrize(
    ("name", "products", "variants", "refused"),
    [("catalogue-electronics", 19_406, 19_406, 0), ("catalogue-fashion", 44_437, 158_050, 4)],
)
def test_every_row_of_the_large_catalogues(name: str, products: int, variants: int, refused: int) -> None:
    with gzip.open(Path(CATALOGUES) / f"{name}.jsonl.gz") as lines:
        rows = list(read_feed(lines))
    problems = [row.reason for row in rows if isinstance(row, FeedProblem)]
    good = [row.product for row in rows if not isinstance(row, FeedProblem)]
    assert (len(good), sum(len(product.variants) for product in good), len(problems)) == (products, variants, refused)
    assert all(reason.startswith("price: must be above 0") for reason in problems)
