"""Cleaning and bounds for text in a catalogue feed: what comes out is trimmed, NFC, bounded and free of control signs."""

import html
import re
import unicodedata

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


def _checked(value: object, field: str, limit: int) -> str:
    if not isinstance(value, str):
        raise FeedError(f"{field}: must be text, not {shown(value)}")
    if len(value) > limit:
        raise FeedError(f"{field}: longer than {limit:,} characters")
    if _CONTROL.search(value):
        raise FeedError(f"{field}: has a control character (NUL or the like)")
    return value if value.isascii() else unicodedata.normalize("NFC", value)


def line(value: object, field: str, limit: int) -> str:
    """Text of one line: runs of white space become one space. May come out empty."""
    return " ".join(_checked(value, field, limit).split())


def required_line(value: object, field: str, limit: int) -> str:
    text = line(value, field, limit)
    if not text:
        raise FeedError(f"{field}: is empty")
    return text


def code(value: object, field: str, limit: int = 64) -> str:
    """An id or SKU: printable ASCII."""
    text = required_line(value, field, limit)
    if not _CODE.match(text):
        raise FeedError(f"{field}: may hold printable ASCII only, got {shown(text)}")
    return text


def paragraph(value: object, field: str, limit: int) -> str:
    """Text of one or more lines, kept as it is but for white space at its ends."""
    return _checked(value, field, limit).strip()


def plain(value: object, field: str, limit: int) -> str:
    """Text of several lines: HTML tags are taken out, entities become signs. It is text; who shows it must escape it."""
    text = _checked(value, field, limit)
    if "<" in text:
        text = _TAG.sub("", _BREAK.sub("\n", text))
    if "&" in text:
        text = _CONTROL.sub("", html.unescape(text))
    if "\n" not in text:
        text = text.replace("\\n", "\n")  # escaped twice by its exporter
    lines = (" ".join(part.split()) for part in text.splitlines())
    return "\n".join(part for part in lines if part)
