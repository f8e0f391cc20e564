"""What a method costs in one currency."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from merx.contexts.shipping.domain.errors import InvalidRate
from merx.kernel.errors import FieldError
from merx.kernel.model import Entity, Value
from merx.kernel.money import MAX_AMOUNT, Money, exponent

Amount = Annotated[int, msgspec.Meta(ge=0, le=MAX_AMOUNT, description="minor units of the rate's currency")]
_Limit = Annotated[int, msgspec.Meta(ge=1, le=MAX_AMOUNT)]


class Basis(StrEnum):
    """What decides the price: nothing, the value of the goods, or their weight in grams."""

    flat = "flat"
    value = "value"
    weight = "weight"


class Tier(Value, frozen=True):
    """`price` holds up to and including `up_to` (minor units, or grams); without it, without end."""

    price: Amount
    up_to: _Limit | None = None


Tiers = Annotated[list[Tier], msgspec.Meta(min_length=1, max_length=50)]


class Rate(Entity):
    """A flat rate has one tier without end. Goods worth `free_from` or more travel free."""

    method_id: UUID
    currency: str
    basis: Basis
    tiers: list[Tier]
    free_from: int | None = None

    def settle(self) -> None:
        """Raises InvalidRate, UnknownCurrency."""
        exponent(self.currency)
        limits = [tier.up_to for tier in self.tiers]
        if not limits:
            raise _wrong("tiers", "at least one is needed")
        if self.basis is Basis.flat and limits != [None]:
            raise _wrong("tiers", "a flat rate is one tier without up_to")
        ends = [limit for limit in limits if limit is not None]
        if None in limits[:-1] or ends != sorted(set(ends)):
            raise _wrong("tiers", "up_to must grow from tier to tier; only the last may be without")

    def price(self, items_total: Money, weight_grams: int) -> Money | None:
        """None when the parcel is above the last tier: the method does not carry it."""
        measure = weight_grams if self.basis is Basis.weight else items_total.amount
        for tier in self.tiers:
            if tier.up_to is None or measure <= tier.up_to:
                free = self.free_from is not None and items_total.amount >= self.free_from
                return Money(0 if free else tier.price, self.currency)
        return None


def _wrong(field: str, message: str) -> InvalidRate:
    return InvalidRate(f"{field}: {message}", fields=(FieldError(field, message),))
