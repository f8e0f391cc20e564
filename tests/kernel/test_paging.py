"""A cursor gives back the keys it was made of; whatever else comes in its place is one kind of error."""

import base64
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.kernel.ids import new_id
from merx.kernel.paging import InvalidCursor as Refused
from merx.kernel.paging import Page, decode_cursor, decode_id, encode_cursor, page_of

KEYS = st.lists(
    st.none()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
    max_size=4,
)


class Lamp(msgspec.Struct):
    id: UUID


def forged(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


@given(KEYS)
def test_keys_come_back(keys):
    cursor = encode_cursor(*keys)
    if len(cursor) > 512:
        return
    assert list(decode_cursor(cursor, len(keys))) == keys
    assert cursor.isascii()
    assert not set(cursor) & set("+/=&?# ")


@given(KEYS, st.integers(0, 5))
def test_the_cursor_of_another_list_is_refused(keys, length):
    if length != len(keys):
        with pytest.raises(Refused):
            decode_cursor(encode_cursor(*keys), length)


@given(st.text(max_size=600) | st.binary(max_size=300).map(forged), st.integers(1, 3))
def test_rubbish_is_refused_and_never_fails_otherwise(cursor, length):
    try:
        keys = decode_cursor(cursor, length)
    except Refused:
        return
    assert len(keys) == length


@pytest.mark.parametrize(
    "text",
    [b"[9223372036854775808]", b'["\\u0000"]', b"[[1]]", b'[{"a":1}]', b"[true]", b"[NaN]", b"1", b"", b"[1", b"\xff"],
)
def test_keys_that_a_database_cannot_take_are_refused(text):
    with pytest.raises(Refused):
        decode_cursor(forged(text), 1)


def test_a_long_cursor_is_not_even_read():
    with pytest.raises(Refused, match="long"):
        decode_cursor("A" * 513, 1)


def test_ids_come_back():
    id = new_id()
    assert decode_id(encode_cursor(str(id))) == id
    assert decode_id(None) is None


@given(KEYS)
def test_an_id_is_expected_where_ids_are(keys):
    try:
        assert isinstance(decode_id(encode_cursor(*keys)), UUID)
    except Refused:
        return


def test_the_last_page_has_no_next():
    assert msgspec.to_builtins(Page([1, 2])) == {"items": [1, 2], "next": None}


@pytest.mark.parametrize(("there", "shown", "more"), [(0, 0, False), (2, 2, False), (3, 2, True)])
def test_one_more_than_the_page_tells_that_there_is_another(there, shown, more):
    found = [Lamp(id=new_id()) for _ in range(there)]
    page = page_of(found, 2)
    assert (page.items, decode_id(page.next)) == (found[:shown], found[1].id if more else None)
    assert page_of(found, 2, lambda lamp: 7).next == (encode_cursor(7) if more else None)
