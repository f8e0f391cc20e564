"""What is read of carts, and the cart as a shopper sees it."""

from typing import Protocol
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from merx.contexts.carts.api import CartStatus
from merx.contexts.carts.domain.cart import Cart
from merx.contexts.carts.domain.merge import MergeResult
from merx.kernel.address import Address
from merx.kernel.model import View
from merx.kernel.money import Money


class LineView(View, frozen=True):
    """Name, slug, sku and options are empty when the catalogue no longer knows the variant; its last price stays."""

    id: UUID
    variant_id: UUID
    product_id: UUID | None
    product_name: str
    product_slug: str
    sku: str
    options: dict[str, str]
    quantity: int
    unit_price: Money
    line_total: Money
    available: int


class ShippingMethodView(View, frozen=True):
    """Days are working days until delivery."""

    id: UUID
    code: str
    name: str
    days_min: int
    days_max: int


class CartShippingView(View, frozen=True):
    """`price` is None while the chosen method is not offered for the cart as it is."""

    method: ShippingMethodView
    price: Money | None


class CartProblem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something the shopper should look at before checkout.

    `code` is out_of_stock, not_enough_stock (with `available`), price_changed (with `seen` and `price`), not_on_sale,
    or shipping_stale (with `seen` and, while the method is still offered, `price`).
    """

    code: str
    detail: str
    line_id: UUID | None = None
    variant_id: UUID | None = None
    available: int | None = None
    seen: Money | None = None
    price: Money | None = None


class CartView(View, frozen=True):
    """Prices are the catalogue's of this moment, tax included. `total` is items and shipping.

    `requirements` names what checkout still needs: lines, email, address, shipping_method. `token` comes once, with a
    guest's new cart, and belongs into `X-Cart-Token`.
    """

    id: UUID
    currency: str
    status: CartStatus
    version: int
    lines: list[LineView]
    items_total: Money
    shipping: CartShippingView | None
    total: Money
    email: str | None
    address: Address | None
    problems: list[CartProblem]
    requirements: list[str]
    token: str | UnsetType = UNSET
    merge_result: MergeResult | UnsetType = UNSET

    def __repr__(self) -> str:
        return f"CartView({self.id})"


class ShippingOptionView(View, frozen=True):
    method_id: UUID
    code: str
    name: str
    price: Money
    days_min: int
    days_max: int


class CartReads(Protocol):
    """Carts as last committed, without a lock."""

    async def find(self, cart_id: UUID) -> Cart | None: ...

    async def current(self, customer_id: UUID, currency: str) -> Cart | None:
        """The customer's active cart in a currency."""
        ...
