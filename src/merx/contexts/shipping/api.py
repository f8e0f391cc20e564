"""What other contexts may ask about shipping."""

from typing import Protocol
from uuid import UUID

import msgspec

from merx.kernel.money import Money


class Parcel(msgspec.Struct, frozen=True):
    """What decides a rate. `items_total` is the value of the goods in the cart's currency."""

    country: str
    postal_code: str
    items_total: Money
    weight_grams: int


class ShippingOption(msgspec.Struct, frozen=True):
    """An offer for one parcel. Days are working days until delivery."""

    method_id: UUID
    code: str
    name: str
    price: Money
    days_min: int
    days_max: int


class ShippingApi(Protocol):
    async def options(self, parcel: Parcel) -> list[ShippingOption]:
        """Cheapest first; empty when nothing ships there in that currency."""
        ...
