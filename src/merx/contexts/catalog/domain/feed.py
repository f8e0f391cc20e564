"""One line of a catalogue feed (JSON lines) to one product. The format for people is docs/catalogue-format.md."""

import re
from datetime import date
from typing import Any, NoReturn

import msgspec

from merx.contexts.catalog.domain.feed_text import (
    FeedError,
    code,
    line,
    paragraph,
    plain,
    repeated_line,
    required_line,
    shown,
)
from merx.contexts.catalog.domain.feed_variants import FeedVariant, read_variants
from merx.contexts.catalog.domain.wording import AttributeValue
from merx.kernel.errors import Invalid
from merx.kernel.money import exponent

__all__ = ["AttributeValue", "FeedError", "FeedProduct", "FeedVariant", "parse_line"]

MAX_LINE_BYTES = 1 << 20
MAX_ATTRIBUTES = 300
MAX_LEVELS = 8

# Known and not used: provenance, pictures, links to other products.
_IGNORED = frozenset({"source", "category_source", "image", "images", "colour_siblings"})
_PRODUCT = frozenset(
    {"id", "name", "brand", "model", "mpn", "category", "price", "sale_price", "currency", "description"}
    | {"attributes", "variants", "sku", "ean", "stock", "released", "added"}
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_NOT_ATTRIBUTES = _PRODUCT | _IGNORED


class FeedProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A product as the feed states it, checked. There is at least one variant, and no two have the same options."""

    id: str
    name: str
    currency: str
    category: tuple[str, ...]
    variants: tuple[FeedVariant, ...]
    brand: str | None = None
    model: str | None = None
    mpn: str | None = None
    description: str | None = None
    attributes: dict[str, AttributeValue] = {}
    released: date | None = None
    added: date | None = None

    @property
    def price_amount(self) -> int:
        """The lowest regular price among the variants."""
        return min(variant.price_amount for variant in self.variants)

    @property
    def barcodes(self) -> tuple[str, ...]:
        return tuple(barcode for variant in self.variants for barcode in variant.barcodes)


_decoder = msgspec.json.Decoder(dict[str, Any])


def parse_line(line_bytes: bytes) -> FeedProduct:
    """Raises FeedError, and nothing else, for every line that is no sellable product."""
    if len(line_bytes) > MAX_LINE_BYTES:
        raise FeedError(f"longer than {MAX_LINE_BYTES:,} bytes")
    try:
        row = _decoder.decode(line_bytes)
    except msgspec.ValidationError as problem:
        raise FeedError(f"not a JSON object: {problem}") from None
    except msgspec.DecodeError as problem:
        raise FeedError(f"not valid JSON: {problem}") from None
    except UnicodeDecodeError:
        raise FeedError("not valid UTF-8") from None
    except RecursionError:
        raise FeedError("nested too deeply") from None
    return _product({name: value for name, value in row.items() if value is not None})


def _product(row: dict[str, Any]) -> FeedProduct:
    for field in ("id", "name", "category", "currency"):
        if field not in row:
            raise FeedError(f"{field}: is missing")
    product_id = code(row["id"], "id")
    currency = row["currency"]
    if not isinstance(currency, str):
        raise FeedError(f"currency: must be text, not {shown(currency)}")
    try:
        digits = exponent(currency)
    except Invalid:
        raise FeedError(f"currency: {shown(currency)} is not an ISO 4217 code") from None
    name = required_line(row["name"], "name", 300)
    if not any(map(str.isalnum, name)):
        raise FeedError("name: has no letter or digit")
    return FeedProduct(
        id=product_id,
        name=name,
        currency=currency,
        category=_category(row["category"]),
        variants=read_variants(row, product_id, digits),
        brand=_optional(row, "brand", 100),
        model=_optional(row, "model", 300),
        mpn=_optional(row, "mpn", 100),
        description=plain(row.get("description", ""), "description", 100_000) or None,
        attributes=_attributes(row),
        released=_date(row, "released"),
        added=_date(row, "added"),
    )


def _optional(row: dict[str, Any], field: str, limit: int) -> str | None:
    return line(row[field], field, limit) or None if field in row else None


def _category(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise FeedError(f"category: must be a list of names from the widest to the narrowest, not {shown(value)}")
    if not 1 <= len(value) <= MAX_LEVELS:
        raise FeedError(f"category: must have 1 to {MAX_LEVELS} levels, has {len(value)}")
    return tuple(
        repeated_line(name, "category", 100) if isinstance(name, str) else required_line(name, "category", 100)
        for name in value
    )


def _date(row: dict[str, Any], field: str) -> date | None:
    value = row.get(field)
    if value is None:
        return None
    try:
        # The pattern first: fromisoformat also takes week dates and forms without hyphens, which no feed means.
        if isinstance(value, str) and _DATE.match(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise FeedError(f"{field}: must be a date such as 2024-05-31, not {shown(value)}")


def _attributes(row: dict[str, Any]) -> dict[str, AttributeValue]:
    given = row.get("attributes", {})
    if not isinstance(given, dict):
        raise FeedError(f"attributes: must be an object, not {shown(given)}")
    extra = {name: value for name, value in row.items() if name not in _NOT_ATTRIBUTES}
    result: dict[str, AttributeValue] = {}
    for name, value in (extra | given).items():
        if isinstance(value, str):
            text = paragraph(value, name, 10_000)
            if text:
                result[_attribute_name(name)] = text
        elif isinstance(value, bool | int | float):
            if isinstance(value, int) and abs(value) > 2**53:
                raise FeedError(f"{shown(name)}: number out of range")
            result[_attribute_name(name)] = value
        elif value is not None:
            _refuse_nested(name, value, known=name in given)
    if len(result) > MAX_ATTRIBUTES:
        raise FeedError(f"attributes: more than {MAX_ATTRIBUTES}")
    return result


def _attribute_name(name: str) -> str:
    return repeated_line(name, "attribute name", 100)


def _refuse_nested(name: str, value: object, *, known: bool) -> NoReturn:
    where = "attribute" if known else "unknown field"
    raise FeedError(f"{where} {shown(name)}: holds {shown(value)}; only text, numbers and true/false can be kept")
