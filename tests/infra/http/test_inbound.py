"""How deep a JSON body is, seen without decoding it."""

from time import process_time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.infra.http.inbound import MAX_DEPTH, Refused, check_json

TEXT = st.text(alphabet='[]{}"\\\\a', max_size=6)
LEAVES = st.one_of(st.none(), st.integers(), TEXT)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3))


def depth(value: Any) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


def refuses(body: bytes) -> bool:
    try:
        check_json(body)
    except Refused as refused:
        return refused.failure.slug == "request.too-deep"
    return False


@given(VALUES, st.lists(st.sampled_from("ld"), min_size=MAX_DEPTH - 8, max_size=MAX_DEPTH + 2), TEXT)
def test_the_depth_is_counted_exactly(value: Any, around: str, text: str):
    for kind in around:
        value = [text, value, text] if kind == "l" else {text: value, "z": text}
    assert refuses(msgspec.json.encode(value)) == (depth(value) > MAX_DEPTH)


@pytest.mark.parametrize(
    "body", [b"[" * 40, b'{"a":' * 40, b"[" * 40 + b'"' + b"]" * 40, b"[1," * 33 + b"x", b'"x",' + b"[ " * 40]
)
def test_unfinished_bodies_count_too(body: bytes):
    assert refuses(body)


@pytest.mark.parametrize("body", [b'"' + b"[" * 40, b'["' + b"[{" * 40 + b'"]', b"[]" * 40, b'["\\\\","["]' * 40])
def test_brackets_in_strings_and_side_by_side_are_not_deep(body: bytes):
    assert not refuses(body)


def test_a_large_body_is_looked_at_quickly():
    rows = msgspec.json.encode([{"a": 1, "b": ["x", "[y"], "c": {"d": "e"}}] * 24_000)
    began = process_time()
    assert not refuses(rows)
    assert process_time() - began < 0.1, "a loop over the brackets takes seconds for this on a slow machine"
