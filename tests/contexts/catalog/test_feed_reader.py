import gzip
import io
import json
from pathlib import Path

from merx.contexts.catalog.domain.feed import MAX_LINE_BYTES
from merx.contexts.catalog.domain.feed_reader import FeedProblem, FeedRow, read_feed

DATA = Path(__file__).parents[2] / "data"


def row(product_id: str, sku: str = "") -> bytes:
    fields = {"id": product_id, "name": "Lamp", "category": ["Home"], "price": 5, "currency": "USD", "sku": sku or None}
    return json.dumps(fields).encode() + b"\n"


def outcome(feed: bytes, after_line: int = 0) -> list[tuple[int, str]]:
    return [
        (entry.line, entry.product.id if isinstance(entry, FeedRow) else entry.reason)
        for entry in read_feed(io.BytesIO(feed), after_line)
    ]


def test_good_rows_go_in_beside_bad_ones() -> None:
    with (DATA / "feed-mixed.jsonl").open("rb") as lines:
        entries = list(read_feed(lines))
    assert [entry.product.id for entry in entries if isinstance(entry, FeedRow)] == ["lamp-1", "shirt-1", "mug-1"]
    assert [(entry.line, entry.reason) for entry in entries if isinstance(entry, FeedProblem)] == [
        (3, "price: must be above 0 and at most 1,000,000,000, got 0"),
        (5, "name: is empty"),
        (6, "currency: 'EURO' is not an ISO 4217 code"),
        (7, "category: must be a list of names from the widest to the narrowest, not 'Home'"),
        (8, "not valid JSON: JSON is malformed: expected ',' or '}' (byte 61)"),
        (9, "id: 'lamp-1' is already on line 1"),
        (10, "sku: 'SHIRT-1-S' is already on line 2"),
    ]


def test_blank_lines_count_and_yield_nothing() -> None:
    assert outcome(b"\xef\xbb\xbf" + row("a") + b"\n  \n" + row("b").rstrip() + b"\r\n") == [(1, "a"), (4, "b")]


def test_the_last_line_needs_no_line_end() -> None:
    assert outcome(row("a") + row("b").rstrip()) == [(1, "a"), (2, "b")]


def test_a_line_without_end_is_one_bad_row() -> None:
    endless = b'{"id": "' + b"x" * (3 * MAX_LINE_BYTES) + b'"}\n'
    assert outcome(row("a") + endless + row("b")) == [(1, "a"), (2, "longer than 1,048,576 bytes"), (3, "b")]


def test_a_line_of_just_too_many_bytes_does_not_swallow_the_next() -> None:
    for spare in (-1, 0, 1):
        line = b"x" * (MAX_LINE_BYTES + spare) + b"\n"
        assert [entry[0] for entry in outcome(line + row("b"))] == [1, 2]


def test_a_sku_may_not_be_another_products_id_used_as_sku() -> None:
    assert outcome(row("a") + row("b", sku="a")) == [(1, "a"), (2, "sku: 'a' is already on line 1")]


def test_a_refused_row_takes_no_id() -> None:
    assert outcome(row("a").replace(b": 5,", b": 0,") + row("a"))[1] == (2, "a")


def test_going_on_after_a_line_still_knows_what_came_before() -> None:
    feed = row("a") + row("b") + row("a") + row("c")
    assert outcome(feed, after_line=2) == [(3, "id: 'a' is already on line 1"), (4, "c")]


def test_a_compressed_file_that_breaks_off_keeps_what_was_good() -> None:
    packed = gzip.compress(b"".join(row(f"p{n}") for n in range(5_000)))
    with gzip.open(io.BytesIO(packed[: len(packed) // 2])) as lines:
        entries = list(read_feed(lines))
    assert isinstance(entries[-1], FeedProblem)
    assert "damaged from here on" in entries[-1].reason
    assert all(isinstance(entry, FeedRow) for entry in entries[:-1])
