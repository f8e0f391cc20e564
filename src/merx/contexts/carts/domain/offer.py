"""What a cart knows of a variant in the catalogue, and of a way to ship."""

from uuid import UUID

import msgspec

from merx.kernel.money import Money


class Offer(msgspec.Struct, frozen=True):
    """A variant as it is sold now. `available` counts units that can be bought."""

    variant_id: UUID
    product_id: UUID
    product_name: str
    product_slug: str
    sku: str
    options: dict[str, str]
    price: Money
    on_sale: bool
    available: int
    weight_grams: int = 0

    def sold_in(self, currency: str) -> bool:
        return self.on_sale and self.price.currency == currency


class ShippingOffer(msgspec.Struct, frozen=True):
    """A method and its price for one cart. Days are working days until delivery."""

    method_id: UUID
    code: str
    name: str
    price: Money
    days_min: int
    days_max: int
