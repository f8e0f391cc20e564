"""What carts need from other contexts, in the words of carts."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from merx.contexts.carts.domain.offer import Offer, ShippingOffer
from merx.kernel.money import Money


class Offers(Protocol):
    async def find(self, variant_ids: Sequence[UUID]) -> dict[UUID, Offer]:
        """Current offers of the variants that exist, in one question. Never called with a transaction open."""
        ...


class StockLevels(Protocol):
    async def available(self, variant_ids: Sequence[UUID]) -> Mapping[UUID, int]:
        """Units that can be bought at this moment; 0 for variants without stock."""
        ...


class ShippingQuotes(Protocol):
    async def offers(
        self, country: str, postal_code: str, items_total: Money, weight_grams: int
    ) -> list[ShippingOffer]:
        """Cheapest first; empty when nothing is sent there in that currency."""
        ...
