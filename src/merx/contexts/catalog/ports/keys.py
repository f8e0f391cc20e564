"""How things are asked for: by id or slug, and where the page before ended."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from merx.contexts.catalog.ports.queries import NAME_KEY, ListFilter, Sort
from merx.kernel.paging import InvalidCursor, decode_cursor, encode_cursor

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")


def id_or_slug(text: str) -> UUID | str | None:
    """None for what can be neither, so that no storage has to look."""
    if len(text) == 36:
        try:
            return UUID(text)
        except ValueError:
            pass
    return text if len(text) <= 200 and _SLUG.match(text) else None


def name_key(name: str) -> str:
    """What lists by name are sorted by, as UTF-8 bytes: ASCII letters regardless of case, cut for the cursor's sake."""
    return name[:NAME_KEY].encode().lower().decode()


def next_cursor(key: Any, last_id: UUID) -> str:
    return encode_cursor(key.isoformat() if isinstance(key, datetime) else key, str(last_id))


def list_cursor(wanted: ListFilter) -> tuple[Any, UUID] | None:
    """Sort key and id of the last product on the page before. Raises InvalidCursor."""
    if wanted.after is None:
        return None
    key, last = decode_cursor(wanted.after, 2)
    try:
        value: Any = key
        if wanted.sort is Sort.newest:
            value = datetime.fromisoformat(str(key))
            if value.tzinfo is None:
                raise ValueError("naive")
            value = value.astimezone(UTC)
        elif wanted.sort is Sort.name:
            value = _storable(key)
        elif not isinstance(key, int):
            raise TypeError("price")
        return value, UUID(str(last))
    except (TypeError, ValueError, OverflowError):
        raise InvalidCursor("use the `next` value of the page before") from None


def brand_cursor(after: str | None) -> tuple[str, UUID] | None:
    """Name key and id of the last brand on the page before. Raises InvalidCursor."""
    if after is None:
        return None
    key, last = decode_cursor(after, 2)
    try:
        return _storable(key), UUID(str(last))
    except (TypeError, ValueError):
        raise InvalidCursor("use the `next` value of the page before") from None


def _storable(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError("name")
    key.encode()  # a lone surrogate is no text
    return key
