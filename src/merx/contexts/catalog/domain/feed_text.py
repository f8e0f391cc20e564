"""Cleaning and bounds for text in a catalogue feed: what comes out is trimmed, NFC, bounded, without control signs."""

import html
import re
import unicodedata
from functools import lru_cache
from typing import NoReturn

from merx.kernel.errors import Invalid

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# One code, one spelling: printable ASCII, single spaces inside. Two codes that look alike must be alike.
_CODE = re.compile(r"[\x21-\x7e]+(?: [\x21-\x7e]+)*\Z")
_BREAK = re.compile(r"<(?:br|/p|/li|/div|/h[1-6]|/tr)\s*/?>", re.IGNORECASE)
# `[^<>]*` instead of `[^>]*`: a text of a million `<a` stays linear.
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")


class FeedError(Invalid):
    """One row that cannot become a product. `detail` says why, in a sentence that names the field."""

    slug = "catalog.feed-row-refused"
    title = "Row refused"


def shown(value: object) -> str:
    """A value as it may appear in a message: short, on one line, whatever it is."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    if isinstance(value, int) and value.bit_length() > 64:
        return "a number of very many digits"
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _refuse(field: str, why: str) -> NoReturn:
    """`field` may be a name out of the feed: it is shortened and made printable here, once it is needed."""
    raise FeedError(f"{ascii(field[:60])[1:-1]}: {why}")


def _checked(value: object, field: str, limit: int) -> str:
    if not isinstance(value, str):
        _refuse(field, f"must be text, not {shown(value)}")
    if len(value) > limit:
        _refuse(field, f"longer than {limit:,} characters")
    if _CONTROL.search(value):
        _refuse(field, "has a control character (NUL or the like)")
    return value if value.isascii() else unicodedata.normalize("NFC", value)


def line(value: object, field: str, limit: int) -> str:
    """Text of one line: runs of white space become one space. May come out empty."""
    return " ".join(_checked(value, field, limit).split())


def required_line(value: object, field: str, limit: int) -> str:
    return line(value, field, limit) or _refuse(field, "is empty")


# Names of attributes, options and categories come again on every row; a hundred thousand rows know some hundreds.
repeated_line = lru_cache(maxsize=8192)(required_line)


def code(value: object, field: str, limit: int = 64) -> str:
    """An id or SKU: printable ASCII."""
    if isinstance(value, str) and len(value) <= limit and _CODE.match(value):
        return value
    text = required_line(value, field, limit)
    if not _CODE.match(text):
        _refuse(field, f"may hold printable ASCII only, got {shown(text)}")
    return text


def paragraph(value: object, field: str, limit: int) -> str:
    """Text of one or more lines, kept as it is but for white space at its ends."""
    return _checked(value, field, limit).strip()


def plain(value: object, field: str, limit: int) -> str:
    """Several lines of text: HTML tags are taken out, entities become signs. Who shows the result must escape it."""
    text = _checked(value, field, limit)
    if "\n" not in text:
        text = text.replace("\\n", "\n")  # escaped twice by its exporter
    if "<" in text:
        text = _TAG.sub("", _BREAK.sub("\n", text))
    if "&" in text:
        text = _CONTROL.sub("", html.unescape(text))
    lines = [" ".join(part.split()) for part in text.splitlines()]
    return "\n".join(filter(None, lines))
