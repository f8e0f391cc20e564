"""The neighbours' facades in the words of carts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from merx.contexts.carts.domain.offer import Offer, ShippingOffer
from merx.contexts.catalog.api import CatalogApi
from merx.contexts.inventory.api import InventoryApi
from merx.contexts.shipping.api import Parcel, ShippingApi
from merx.kernel.money import Money


@dataclass(frozen=True, slots=True)
class CatalogOffers:
    catalog: CatalogApi

    async def find(self, variant_ids: Sequence[UUID]) -> dict[UUID, Offer]:
        found = await self.catalog.variants(variant_ids)
        return {
            key: Offer(
                key,
                variant.product_id,
                variant.product_name,
                variant.product_slug,
                variant.sku,
                variant.options,
                variant.price,
                variant.on_sale,
                variant.available,
                variant.weight_grams,
            )
            for key, variant in found.items()
        }


@dataclass(frozen=True, slots=True)
class InventoryStockLevels:
    inventory: InventoryApi

    async def available(self, variant_ids: Sequence[UUID]) -> Mapping[UUID, int]:
        return await self.inventory.available(variant_ids)


@dataclass(frozen=True, slots=True)
class ShippingContextQuotes:
    shipping: ShippingApi

    async def offers(
        self, country: str, postal_code: str, items_total: Money, weight_grams: int
    ) -> list[ShippingOffer]:
        options = await self.shipping.options(Parcel(country, postal_code, items_total, weight_grams))
        return [ShippingOffer(o.method_id, o.code, o.name, o.price, o.days_min, o.days_max) for o in options]
