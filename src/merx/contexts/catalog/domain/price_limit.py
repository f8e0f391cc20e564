"""How far one person moves a price alone."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from merx.contexts.catalog.domain.product import Product, Variant
from merx.kernel.money import Money

# Many small changes are as good as a large one: what counts is how far the price is from where it stood before.
WINDOW = timedelta(hours=24)


class PriceStep(msgspec.Struct, frozen=True):
    """One person alone changed the price of a variant, which was `before`."""

    variant_id: UUID
    at: datetime
    before: Money


class PriceLimit(msgspec.Struct, frozen=True):
    """In percent of the price that stood 24 hours ago; 0 is no limit."""

    percent: int

    def exceeded(self, product: Product, known: Mapping[UUID, Money], stood: Mapping[UUID, Money]) -> bool:
        """`known` are the prices before this change, `stood` those of 24 hours ago. A new variant has none, and is
        measured by the nearest of the others: it could take the place of one of them.
        """
        if not self.percent:
            return False
        return any(
            self._far(variant.price, (stood[variant.id],) if variant.id in known else stood.values())
            for variant in repriced(product, known)
        )

    def _far(self, price: Money, before: Collection[Money]) -> bool:
        return bool(before) and all(
            price.currency != each.currency or abs(price.amount - each.amount) * 100 > self.percent * each.amount
            for each in before
        )


def steps_of(
    product: Product, known: Mapping[UUID, Money], stood: Mapping[UUID, Money], at: datetime
) -> list[PriceStep]:
    """What the changes of the next 24 hours are measured by. A new variant starts from the price it was measured by."""
    found = []
    for variant in repriced(product, known):
        before = known.get(variant.id) or _nearest(variant.price, stood.values())
        if before is not None:
            found.append(PriceStep(variant.id, at, before))
    return found


def repriced(product: Product, known: Mapping[UUID, Money]) -> list[Variant]:
    return [variant for variant in product.variants if variant.price != known.get(variant.id)]


def _nearest(price: Money, others: Collection[Money]) -> Money | None:
    same = [each for each in others if each.currency == price.currency]
    return min(same, key=lambda each: abs(each.amount - price.amount), default=None)
