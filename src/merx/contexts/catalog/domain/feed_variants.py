"""The variants of a feed row: what is bought, at which price, told apart by its options."""

from decimal import Decimal
from typing import Any

import msgspec

from merx.contexts.catalog.domain.feed_text import FeedError, code, line, repeated_line, shown

MAX_PRICE = 10**11  # minor units: 1,000,000,000.00 USD
MAX_STOCK = 10**7
MAX_VARIANTS = 500
MAX_OPTIONS = 5
MAX_BARCODES = 200

_FIELDS = frozenset(["sku", "options", "size", "colour", "price", "sale_price", "ean", "stock"])
_SHORT_OPTIONS = ("colour", "size")


class FeedVariant(msgspec.Struct, frozen=True, kw_only=True):
    """What is bought. `price_amount` and `sale_amount` are minor units of the product's currency."""

    sku: str
    price_amount: int
    options: dict[str, str] = {}
    sale_amount: int | None = None
    barcodes: tuple[str, ...] = ()
    stock: int | None = None


def _amount(value: object, field: str, digits: int) -> int:
    """Major units to minor units. Never rounds: a price that the currency cannot express is a mistake in the feed."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FeedError(f"{field}: must be a number, not {shown(value)}")
    if not 0 < value <= MAX_PRICE:
        raise FeedError(f"{field}: must be above 0 and at most {MAX_PRICE // 10**digits:,}, got {shown(value)}")
    scaled = Decimal(repr(value)).scaleb(digits)
    amount = int(scaled)
    if amount != scaled:
        raise FeedError(f"{field}: {shown(value)} has more than {digits} decimal places")
    if amount > MAX_PRICE:
        raise FeedError(f"{field}: must be above 0 and at most {MAX_PRICE // 10**digits:,}, got {shown(value)}")
    return amount


def _sale(row: dict[str, Any], digits: int, price: int) -> int:
    amount = _amount(row["sale_price"], "sale_price", digits)
    if amount >= price:
        raise FeedError("sale_price: must be below price")
    return amount


def _stock(value: object, field: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_STOCK:
        raise FeedError(f"{field}: must be a whole number from 0 to {MAX_STOCK:,}, got {shown(value)}")
    return value


def _barcodes(value: object, field: str) -> tuple[str, ...]:
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list):
        raise FeedError(f"{field}: must be a text of digits or a list of them, not {shown(value)}")
    if len(given) > MAX_BARCODES:
        raise FeedError(f"{field}: more than {MAX_BARCODES}")
    unique: dict[str, str] = {}
    for barcode in given:
        if not (isinstance(barcode, str) and 8 <= len(barcode) <= 14 and barcode.isascii() and barcode.isdigit()):
            raise FeedError(f"{field}: {shown(barcode)} is not a text of 8 to 14 digits")
        # The same GTIN is written with and without leading zeros.
        unique.setdefault(barcode.zfill(14), barcode)
    return tuple(unique.values())


def read_variants(row: dict[str, Any], product_id: str, digits: int) -> tuple[FeedVariant, ...]:
    given = row.get("variants", [])
    if not isinstance(given, list):
        raise FeedError(f"variants: must be a list, not {shown(given)}")
    if len(given) > MAX_VARIANTS:
        raise FeedError(f"variants: more than {MAX_VARIANTS}")
    price = _amount(row["price"], "price", digits) if "price" in row else None
    sale = _sale(row, digits, price) if price is not None and "sale_price" in row else None
    if not given:
        return (_only_variant(row, product_id, price, sale),)
    for field in ("sku", "ean", "stock"):
        if field in row:
            raise FeedError(f"{field}: belongs on each variant when a product lists variants")
    if price is None and "sale_price" in row:
        raise FeedError("sale_price: needs price beside it")
    variants = []
    for position, entry in enumerate(given):
        if not isinstance(entry, dict):
            raise FeedError(f"variants[{position}]: must be an object, not {shown(entry)}")
        try:
            variants.append(_variant(entry, digits, price, sale))
        except FeedError as problem:
            raise FeedError(f"variants[{position}].{problem.detail}") from None
    return _distinct(variants, shorthand=[entry.get("options") is None for entry in given])


def _only_variant(row: dict[str, Any], product_id: str, price: int | None, sale: int | None) -> FeedVariant:
    if price is None:
        raise FeedError("price: is missing")
    return FeedVariant(
        sku=code(row.get("sku", product_id), "sku"),
        price_amount=price,
        sale_amount=sale,
        barcodes=_barcodes(row["ean"], "ean") if "ean" in row else (),
        stock=_stock(row["stock"], "stock") if "stock" in row else None,
    )


def _variant(entry: dict[str, Any], digits: int, price: int | None, sale: int | None) -> FeedVariant:
    """Refusals name the field as seen from the variant; the caller adds which one it is."""
    given = {name: value for name, value in entry.items() if value is not None} if None in entry.values() else entry
    if not given.keys() <= _FIELDS:
        raise FeedError(f"{shown(min(given.keys() - _FIELDS))}: unknown field")
    if "sku" not in given:
        raise FeedError("sku: is missing")
    if "price" in given:
        price = _amount(given["price"], "price", digits)
        # A price of its own makes the product's sale price meaningless for this variant.
        sale = None
    if price is None:
        raise FeedError("price: is missing here and on the product")
    return FeedVariant(
        sku=code(given["sku"], "sku"),
        price_amount=price,
        options=_options(given),
        sale_amount=_sale(given, digits, price) if "sale_price" in given else sale,
        barcodes=_barcodes(given["ean"], "ean") if "ean" in given else (),
        stock=_stock(given["stock"], "stock") if "stock" in given else None,
    )


def _options(entry: dict[str, Any]) -> dict[str, str]:
    if "options" not in entry:
        options = {name: _option_value(entry[name], name) for name in _SHORT_OPTIONS if name in entry}
        if options.get("colour") == "":
            raise FeedError("colour: is empty")
        return options
    given = entry["options"]
    if not isinstance(given, dict):
        raise FeedError(f"options: must be an object, not {shown(given)}")
    if any(name in entry for name in _SHORT_OPTIONS):
        raise FeedError("options: size and colour go inside it, not beside it")
    if len(given) > MAX_OPTIONS:
        raise FeedError(f"options: more than {MAX_OPTIONS}")
    options = {}
    for name, value in given.items():
        text = _option_value(value, "options")
        if not text:
            raise FeedError(f"options: {shown(name)} is empty")
        options[repeated_line(name, "option name", 60)] = text
    return options


def _option_value(value: object, field: str) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**9:
        return str(value)  # shoe size 42 is a name, not a quantity
    return line(value, field, 100)


def _distinct(variants: list[FeedVariant], shorthand: list[bool]) -> tuple[FeedVariant, ...]:
    """One SKU once, one set of options once, the same option names throughout."""
    skus: set[str] = set()
    identities: set[frozenset[tuple[str, str]]] = set()
    names = variants[0].options.keys()
    for position, variant in enumerate(variants):
        if variant.sku in skus:
            raise FeedError(f"variants[{position}].sku: {shown(variant.sku)} comes twice in this product")
        if variant.options.keys() != names:
            raise FeedError(f"variants[{position}]: must have the same option names as the first variant")
        identity = frozenset(variant.options.items())
        if shorthand[position] and (identity in identities or variant.options.get("size") == ""):
            variants[position] = _told_apart(variant, identities)
            identity = frozenset(variants[position].options.items())
        if identity in identities:
            raise FeedError(f"variants[{position}]: has the same options as another variant")
        skus.add(variant.sku)
        identities.add(identity)
    return tuple(variants)


def _told_apart(variant: FeedVariant, taken: set[frozenset[tuple[str, str]]]) -> FeedVariant:
    """Exports of older shops leave a size empty or repeat one. In the short form both get a name, so no SKU is lost."""
    if "size" not in variant.options:
        return variant
    size, copy = variant.options["size"] or "Unspecified", 1
    options = variant.options | {"size": size}
    while frozenset(options.items()) in taken:
        copy += 1
        options["size"] = f"{size} ({copy})"
    return msgspec.structs.replace(variant, options=options)
