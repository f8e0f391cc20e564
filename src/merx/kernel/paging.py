"""Keyset paging: stable under inserts, and as fast on page 1,000 as on page 1."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import msgspec

from merx.kernel import base64url
from merx.kernel.errors import Invalid

T = TypeVar("T")

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
Limit = Annotated[int, msgspec.Meta(ge=1, le=MAX_LIMIT)]


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list. `next` is an opaque cursor for `?after=`, None on the last page."""

    items: list[T]
    next: str | None = None


def page_of(found: Sequence[T], limit: int, key: Callable[[T], str | int] | None = None) -> Page[T]:
    """The page when `found` may have one more than its limit, which tells that there is another page.

    The cursor is the id of the last one shown or, in a list that is in another order, its `key`.
    """
    items = list(found[:limit])
    if len(found) <= limit:
        return Page(items)
    last: Any = items[-1]
    return Page(items, encode_cursor(str(last.id) if key is None else key(last)))


class InvalidCursor(Invalid):
    slug = "paging.invalid-cursor"
    title = "Invalid cursor"


# Integers stay inside bigint so that a forged cursor cannot make the database fail.
_Big = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_decoder = msgspec.json.Decoder(tuple[str | _Big | float | None, ...])


def encode_cursor(*keys: str | int | float | None) -> str:
    """The sort keys of the last row shown, as opaque text."""
    return base64url.encode(msgspec.json.encode(keys))


def decode_cursor(cursor: str, length: int) -> tuple[str | int | float | None, ...]:
    """The `length` sort keys in a cursor. Raises InvalidCursor for anything that we did not make ourselves."""
    if len(cursor) > 512:
        raise InvalidCursor("the cursor is too long")
    try:
        keys = _decoder.decode(base64url.decode(cursor))
    except (msgspec.MsgspecError, ValueError):
        raise InvalidCursor("use the `next` value of the page before") from None
    if len(keys) != length or any(isinstance(key, str) and "\0" in key for key in keys):
        raise InvalidCursor("the cursor belongs to another list")
    return keys


def decode_id(cursor: str | None) -> UUID | None:
    """The id in a cursor of a list in id order, made by `encode_cursor(str(id))`; None before the first page.

    Raises InvalidCursor.
    """
    if cursor is None:
        return None
    (key,) = decode_cursor(cursor, 1)
    try:
        return UUID(str(key))
    except ValueError:
        raise InvalidCursor("the cursor belongs to another list") from None
