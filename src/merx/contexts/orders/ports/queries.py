"""What customers and staff read of orders."""

from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import msgspec

from merx.contexts.orders.domain.states import FulfilmentStatus, PaymentStatus, Status
from merx.kernel.address import Address
from merx.kernel.model import View
from merx.kernel.money import Money
from merx.kernel.paging import Page


class LineView(View, frozen=True):
    id: UUID
    variant_id: UUID
    product_id: UUID
    sku: str
    name: str
    options: dict[str, str]
    quantity: int
    unit_price: Money
    line_total: Money
    shipped: int
    cancelled: int


class ShipmentView(View, frozen=True):
    """`quantities` are units per order line."""

    id: UUID
    carrier: str
    tracking_number: str
    quantities: dict[UUID, int]
    shipped_at: datetime
    delivered_at: datetime | None


class ShippingView(View, frozen=True):
    method_id: UUID
    code: str
    name: str


class OrderView(View, frozen=True):
    id: UUID
    number: str
    status: Status
    payment_status: PaymentStatus
    fulfilment_status: FulfilmentStatus
    customer_id: UUID | None
    email: str
    address: Address
    shipping: ShippingView
    payment_method: str
    payment_id: UUID
    items_total: Money
    shipping_total: Money
    total: Money
    created_at: datetime
    placed_at: datetime | None
    cancelled_at: datetime | None
    lines: list[LineView]
    shipments: list[ShipmentView]
    version: int


class PlacedOrder(msgspec.Struct, frozen=True):
    """The answer to checkout. `token` opens the order without an account (`X-Order-Token`).

    `next_action` tells what the shopper has to do to pay; None when nothing is left to do now.
    """

    order: OrderView
    token: str
    next_action: dict[str, Any] | None

    def __repr__(self) -> str:
        return "PlacedOrder(***)"


class OrderSummary(View, frozen=True):
    id: UUID
    number: str
    status: Status
    payment_status: PaymentStatus
    fulfilment_status: FulfilmentStatus
    email: str
    total: Money
    line_count: int
    placed_at: datetime | None


class TimelineEntry(View, frozen=True):
    id: UUID
    at: datetime
    kind: str
    actor: str
    request_id: str
    note: str


class OrderFilter(msgspec.Struct, frozen=True, kw_only=True):
    customer_id: UUID | None = None
    number: str | None = None
    email: str | None = None
    status: Status | None = None
    fulfilment_status: FulfilmentStatus | None = None
    limit: int = 20
    after: str | None = None


class OrderQueries(Protocol):
    async def order(self, order_id: UUID) -> OrderView:
        """Raises OrderNotFound."""
        ...

    async def of_carts(self, cart_ids: list[UUID]) -> dict[UUID, OrderView]:
        """Orders made of these carts, by cart."""
        ...

    async def orders(self, wanted: OrderFilter) -> Page[OrderSummary]:
        """Newest first."""
        ...

    async def timeline(self, order_id: UUID) -> list[TimelineEntry]: ...

    async def has_bought(self, customer_id: UUID, product_id: UUID) -> bool: ...
