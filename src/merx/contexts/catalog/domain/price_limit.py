"""How far one person moves a price alone."""

from collections.abc import Collection, Mapping
from uuid import UUID

import msgspec

from merx.contexts.catalog.domain.product import Product
from merx.kernel.money import Money


class PriceLimit(msgspec.Struct, frozen=True):
    """In percent of the price before; 0 is no limit."""

    percent: int

    def exceeded(self, product: Product, known: Mapping[UUID, Money]) -> bool:
        """`known` are the prices before. A new variant has none, and is measured by the nearest of the others:
        it could take the place of one of them.
        """
        if not self.percent:
            return False
        others = known.values()
        return any(
            self._far(variant.price, (known[variant.id],) if variant.id in known else others)
            for variant in product.variants
        )

    def _far(self, price: Money, before: Collection[Money]) -> bool:
        return bool(before) and all(
            price.currency != each.currency or abs(price.amount - each.amount) * 100 > self.percent * each.amount
            for each in before
        )
