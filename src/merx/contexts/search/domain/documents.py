"""A product as search keeps it, and what of it is told apart by variant."""

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from itertools import combinations
from uuid import UUID

import msgspec

from merx.contexts.search.domain.analysis import fold
from merx.kernel.money import Money

# Longer texts are prose: found by their words, but nothing to choose from a list.
MAX_FACET_VALUE = 60
MAX_FACETS = 60


class ListedVariant(msgspec.Struct, frozen=True):
    variant_id: UUID
    sku: str
    options: dict[str, str]
    price: Money
    available: int
    barcodes: list[str]


class ListedCategory(msgspec.Struct, frozen=True):
    id: UUID
    slug: str
    name: str


class ListedProduct(msgspec.Struct, frozen=True):
    """`categories` runs from the root to the leaf. A product that is not `visible` is kept as a tombstone."""

    product_id: UUID
    version: int
    visible: bool
    slug: str
    name: str
    brand: str
    brand_slug: str
    categories: list[ListedCategory]
    description: str
    model: str
    external_id: str
    attributes: dict[str, str | int | float | bool]
    variants: list[ListedVariant]
    created_at: datetime

    @property
    def currency(self) -> str:
        return self.variants[0].price.currency if self.variants else ""

    @property
    def priced(self) -> list[ListedVariant]:
        """Variants whose prices can be compared: those in the product's currency."""
        return [variant for variant in self.variants if variant.price.currency == self.currency]


class ProductEntry(msgspec.Struct, frozen=True):
    """A product on a result page; the same shape as in the catalogue's lists."""

    id: UUID
    slug: str
    name: str
    brand: str | None
    brand_slug: str | None
    price_from: Money
    price_to: Money
    in_stock: bool
    variant_count: int


def entry_of(product: ListedProduct) -> ProductEntry:
    prices = sorted(variant.price.amount for variant in product.priced)
    return ProductEntry(
        id=product.product_id,
        slug=product.slug,
        name=product.name,
        brand=product.brand or None,
        brand_slug=product.brand_slug or None,
        price_from=Money(prices[0], product.currency),
        price_to=Money(prices[-1], product.currency),
        in_stock=any(variant.available > 0 for variant in product.variants),
        variant_count=len(product.variants),
    )


@lru_cache(maxsize=8192)
def property_name(name: str) -> str:
    """`Sleeve Length` and `sleeve_length` are one property: this is how it is written in a request."""
    return "_".join("".join(sign if sign.isalnum() else " " for sign in fold(name)).split())


@lru_cache(maxsize=32_768)
def folded_value(value: str) -> str:
    """`Red` and `red` are one value: this is how it is compared."""
    return fold(value)


def value_text(value: str | float | bool) -> str:
    """As it is shown and chosen."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def option_values(product: ListedProduct, *, in_stock: bool = False) -> dict[str, dict[str, str]]:
    """Property → folded value → value as shown, over the variants."""
    found: dict[str, dict[str, str]] = {}
    for variant in product.variants:
        if in_stock and variant.available <= 0:
            continue
        for name, value in variant.options.items():
            found.setdefault(property_name(name), {}).setdefault(folded_value(value), value)
    return found


def attribute_values(product: ListedProduct) -> dict[str, str]:
    """Property → value as shown, of what is the same for all variants and short enough to choose from a list.

    A name that the variants tell apart belongs to them.
    """
    taken = {property_name(name) for variant in product.variants for name in variant.options}
    found: dict[str, str] = {}
    for name, value in product.attributes.items():
        text, key = value_text(value), property_name(name)
        if key and key not in taken and 0 < len(text) <= MAX_FACET_VALUE and len(found) < MAX_FACETS:
            found.setdefault(key, text)
    return found


Combination = tuple[tuple[str, str], ...]


def combination(options: dict[str, str]) -> Combination:
    """Property and folded value, in a fixed order."""
    return tuple(sorted((property_name(name), folded_value(value)) for name, value in options.items()))


def combinations_of(variant: ListedVariant) -> Iterator[Combination]:
    """Every non-empty selection of the variant's options: "red", "M", "red and M".

    One variant must meet all that is asked of it, and an engine without nested documents can only look up what was
    written down beforehand.
    """
    whole = combination(variant.options)
    for size in range(1, len(whole) + 1):
        yield from combinations(whole, size)
