"""What can be chosen beside a result, and what was chosen.

A chosen value of a facet filters the result and the other facets, never the facet's own counts: they say what choosing
would bring. Counts are products. A property such as colour may tell variants apart or hold for the whole product; for
the shopper it is one facet.
"""

from bisect import bisect_right
from collections.abc import Mapping

import msgspec

from merx.kernel.errors import Invalid

CATEGORY, BRAND, PRICE, IN_STOCK = "category", "brand", "price", "in_stock"
PROPERTY_PREFIX = "attr."
MAX_VALUES = 20  # chosen values of one facet
MAX_PROPERTIES = 10  # properties chosen at once
MAX_VARIANT_PROPERTIES = 4  # of these, such as tell variants apart
MAX_COMBINATIONS = 400

# Steps of a price scale: 10, 15, 20, 30, 50, 70, 100, 150 …
_STEPS = (10, 15, 20, 30, 50, 70)
PRICE_BOUNDS = (0, *(step * 10**power for power in range(14) for step in _STEPS))


class TooManyFilters(Invalid):
    slug = "search.too-many-filters"
    title = "Too many filters at once"


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """What the shopper chose. Values of one facet are alternatives, facets narrow each other.

    `properties` maps a property's name to folded values. Prices are minor units of `currency`, both ends included.
    """

    categories: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    properties: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    price_min: int | None = None
    price_max: int | None = None
    currency: str = ""
    in_stock: bool = False

    def __post_init__(self) -> None:
        chosen = [self.categories, self.brands, *self.properties.values()]
        if len(self.properties) > MAX_PROPERTIES or any(len(values) > MAX_VALUES for values in chosen):
            raise TooManyFilters(f"at most {MAX_PROPERTIES} properties with {MAX_VALUES} values each")

    @property
    def priced(self) -> bool:
        return self.price_min is not None or self.price_max is not None

    def without_price(self) -> "Selection":
        return msgspec.structs.replace(self, price_min=None, price_max=None)


class FacetValue(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`value` is what to send to choose it. `parent` is the value above it in a category tree."""

    value: str
    label: str
    count: int
    selected: bool = False
    parent: str | None = None


class PriceRange(msgspec.Struct, frozen=True, kw_only=True):
    """Minor units, both ends included: send them as `price_min` and `price_max`."""

    price_min: int
    price_max: int
    count: int


class PriceFacet(msgspec.Struct, frozen=True, kw_only=True):
    currency: str
    lowest: int
    highest: int
    ranges: list[PriceRange]


class Facet(msgspec.Struct, frozen=True, kw_only=True):
    """`name` is the query parameter that chooses a value of it."""

    name: str
    values: list[FacetValue]


def price_band(amount: int) -> int:
    """Index of the range of the scale that holds an amount."""
    return bisect_right(PRICE_BOUNDS, max(amount, 0)) - 1


def band_range(band: int) -> tuple[int, int]:
    """First and last amount of a range of the scale."""
    last = PRICE_BOUNDS[band + 1] - 1 if band + 1 < len(PRICE_BOUNDS) else 10**16
    return PRICE_BOUNDS[band], last
