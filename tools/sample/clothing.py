"""A hundred garments written for the sample. Brands and styles are invented; facts are those such garments have."""

from collections.abc import Iterator
from typing import Any
from zlib import crc32

from tools.sample.garments import CARE, COLOURS, GARMENTS, LARGE, SIZES

# A garment that is on sale is so in all its variants; the price is a share of the regular one.
ON_SALE = {"Juniper": 0.7, "Bramble": 0.8, "Sorrel": 0.75, "Fathom": 0.6, "Larkspur": 0.8, "Cobble": 0.7, "Tansy": 0.65}


def clothing() -> Iterator[dict[str, Any]]:
    number = 0
    for heading, rows in GARMENTS.items():
        path, size_range, brands = (part.strip() for part in heading.split("|"))
        for row in rows.strip().splitlines():
            number += 1
            yield _garment(number, [name.strip() for name in path.split(">")], size_range, brands.split(", "), row)


def _garment(number: int, path: list[str], size_range: str, brands: list[str], row: str) -> dict[str, Any]:
    style, noun, fabric, facts, price_text, colours = (part.strip() for part in row.split("|"))
    brand = brands[crc32(style.encode()) % len(brands)]
    price = float(price_text)
    material = fabric.split("%", 1)[-1].split(",")[0].strip()
    attributes: dict[str, Any] = {"gender": path[0], "fabric": fabric, "material": material.capitalize()}
    attributes |= dict(fact.strip().split("=", 1) for fact in facts.split(";"))
    attributes["care"] = CARE.get(material) or CARE[material.split()[-1]]
    product: dict[str, Any] = {
        "id": f"c{number:03d}",
        "name": f"{brand} {style} {noun}",
        "brand": brand,
        "model": style,
        "category": ["Clothing", *path],
        "price": price,
    }
    if style in ON_SALE:
        product["sale_price"] = round(price * ON_SALE[style])
    product |= {"currency": "USD", "attributes": dict(sorted(attributes.items()))}
    product["variants"] = [
        _variant(f"{style}-{colour}-{size}".upper().replace(" ", ""), colour, size, price, style in ON_SALE)
        for colour in colours.split()
        for size in SIZES[size_range].split()
    ]
    return product


def _variant(sku: str, colour: str, size: str, price: float, on_sale: bool) -> dict[str, Any]:
    variant: dict[str, Any] = {"sku": sku, "options": {"colour": COLOURS[colour], "size": size}}
    if size in LARGE and price >= 60 and not on_sale:
        variant["price"] = price + 5  # the widest sizes take more cloth
    return variant
