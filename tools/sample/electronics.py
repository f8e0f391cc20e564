"""1,900 electronics products for the sample: which ones, and which facts of each."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any
from zlib import crc32

from tools.sample.units import COUNTS, NOISE, RENAMED, SANE, UNITS, UNITS_BY_TYPE

Row = dict[str, Any]

_NUMBER = re.compile(r"\d{1,6}(\.\d{1,3})?")
COLOURS = frozenset({"cable_colour", "housing_colour"})

WANTED = 1_900
MOST_ATTRIBUTES = 14
MOST_BARCODES = 3

# Product types that a shopper looks for get a larger share than their number in the source gives them.
POPULAR = frozenset(
    {"Notebook", "Headset", "Computer monitor", "TV", "Smartwatch", "Camera lens", "Mouse", "Keyboard", "Memory card"}
    | {"USB flash drive", "Wireless router", "Coffee maker", "Toy", "Backpack", "Notebook case", "Phone case"}
    | {"Graphics card", "Inkjet printer", "Radio", "Calculator", "Internal solid state drive", "Data projector"}
)

# The source's type names as a shop would write them: one thing, in the singular.
TYPES = {
    "Cable interface/gender adapter": "Gender adapter",
    "Display privacy filters": "Privacy filter",
    "Headphones/headset": "Headset",
    "Interface cards/adapter": "Interface card",
    "Notebook dock/port replicator": "Notebook dock",
    "Power adapter/inverter": "Power adapter",
    "Printer cabinet/stand": "Printer stand",
    "Printer/scanner spare part": "Printer spare part",
    "Project mount": "Projector mount",
    "Server/workstation motherboard": "Server motherboard",
    "Tray/feeder": "Paper tray",
    "Warranty/support extension": "Support extension",
}


def choose(rows: Iterable[Row]) -> list[Row]:
    """The same products in the same order for the same input."""
    by_type: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if _type_is_certain(row):
            row["category"][-1] = TYPES.get(row["category"][-1], row["category"][-1])
            by_type[row["category"][-1]].append(row)
    ranked = {kind: _ranked(kind, members) for kind, members in by_type.items()}
    quotas = _quotas({kind: len(members) for kind, members in ranked.items()})
    chosen = [row for kind, members in ranked.items() for row in members[: quotas[kind]]]
    return sorted(chosen, key=lambda row: int(row["id"][1:]))


def _type_is_certain(row: Row) -> bool:
    """A type read from the title, or guessed and then found in the title word for word."""
    if row["category_source"] == "title":
        return True
    if row["category_source"] != "predicted":
        return False
    title = row["name"].lower()
    return any(all(word in title for word in part.split()) for part in row["category"][-1].lower().split("/"))


def _ranked(kind: str, members: list[Row]) -> list[Row]:
    """Best filled first, with no brand taking over a type."""
    cleaned = {row["id"]: dict(_facts(kind, row["attributes"])) for row in members}
    coverage = Counter(name for facts in cleaned.values() for name in facts)
    products = []
    for row in members:
        facts = cleaned[row["id"]]
        best = sorted(facts, key=lambda name: (-_worth(name, facts[name]) * coverage[name], name))[:MOST_ATTRIBUTES]
        product = _product(row, {name: facts[name] for name in best})
        if len(best) >= 2 and 2 <= row["price"] <= 4_000 and len(row["name"]) <= 180:
            products.append(product)
    products.sort(key=lambda product: (-_score(product), crc32(product["id"].encode())))
    seen: Counter[str] = Counter()
    order = []
    for product in products:
        seen[product["brand"]] += 1
        order.append((seen[product["brand"]] // 4, len(order), product))
    return [product for _, _, product in sorted(order, key=lambda entry: entry[:2])]


def _score(product: Row) -> float:
    newness = (int(product["released"][:4]) - 2000) / 4
    return len(product["attributes"]) + newness + 2 * bool(product.get("ean"))


def _quotas(available: dict[str, int]) -> dict[str, int]:
    """Shares by the square root of what there is: every type is seen, none fills the shop."""
    weights = {kind: math.sqrt(count) * (2 if kind in POPULAR else 1) for kind, count in available.items()}
    low, high = 0.0, 1_000.0
    for _ in range(60):
        middle = (low + high) / 2
        filled = sum(min(available[kind], max(3, int(middle * weights[kind]))) for kind in available)
        low, high = (middle, high) if filled < WANTED else (low, middle)
    quotas = {kind: min(available[kind], max(3, int(low * weights[kind]))) for kind in available}
    for kind in sorted(available, key=lambda kind: (-weights[kind], kind)) * 3:
        if sum(quotas.values()) < WANTED and quotas[kind] < available[kind]:
            quotas[kind] += 1
    return quotas


def _product(row: Row, attributes: Row) -> Row:
    product: Row = {key: row[key] for key in ("id", "name", "brand")}
    product["name"] = _one_line(row["name"])
    if row["model"] and len(row["model"]) <= 60:
        product["model"] = _one_line(row["model"])
    product |= {"category": row["category"], "price": row["price"], "currency": "USD"}
    product["attributes"] = dict(sorted(attributes.items()))
    barcodes = [ean for ean in row["ean"] if len(ean) == 13 and _check_digit_fits(ean)]
    if barcodes:
        product["ean"] = barcodes[:MOST_BARCODES]
    product["released"] = row["released"]
    return product


def _check_digit_fits(ean: str) -> bool:
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(ean)) % 10 == 0


def _facts(kind: str, attributes: Row) -> Iterable[tuple[str, Any]]:
    for source, value in attributes.items():
        if any(word in source for word in NOISE):
            continue
        name = UNITS_BY_TYPE.get((kind, source)) or UNITS.get(source) or _renamed(source)
        if name in COLOURS and "product_colour" not in attributes:
            name = "colour"
        counted = source in COUNTS or source.endswith("_quantity") or source.startswith("number_of_")
        if isinstance(value, str):
            value = _text(value)  # noqa: PLW2901 - the same fact, cleaned
        if isinstance(value, str) and (counted or name in UNITS.values()) and _NUMBER.fullmatch(value):
            value = float(value) if "." in value else int(value)  # noqa: PLW2901
        if value is None or value is False or (source == "colour" and not isinstance(value, str)):
            continue
        if isinstance(value, int | float) and value is not True:
            low, high = SANE.get(name, (0.001, 10**7))
            if not (counted or name != _renamed(source)) or not low <= value <= high:
                continue
            if source == "quantity_per_pack" and value == 1:
                continue
        elif isinstance(value, str) and name in UNITS.values():
            name = source  # "60 - 90" is no number: the name must not promise one
        yield name, value


def _renamed(source: str) -> str:
    """`handle_s` is the source's way to write "handle(s)"."""
    return RENAMED.get(source) or re.sub(r"_s\Z", "s", source)


def _one_line(text: str) -> str:
    return re.sub(r"(\s*,)+", ",", " ".join(text.split())).strip(" ,")


def _text(value: str) -> str | bool | None:
    """None for what is no fact: sentences, lists without end, addresses, leftovers of mark-up."""
    text = _one_line(value.replace("\\n", ", "))
    if text in {"Y", "Yes"}:
        return True
    if text.startswith("None") or text in {"N", "No", "Not supported", "Not available", ""}:
        return None
    if "," in text and ", " not in text:
        text = text.replace(",", ", ")
    sentence = text.endswith(".") or ". " in text or "!" in text
    if len(text) > 80 or sentence or "<" in text or "http" in text or text.count(",") > 5:
        return None
    return text[0].upper() + text[1:] if text[0].islower() and text.isalpha() else text


def _worth(name: str, value: object) -> float:
    if value is True:
        return 0.4
    if name.startswith(("width", "height", "depth", "weight")):
        return 0.6
    return 1.0
