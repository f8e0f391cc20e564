"""What others may hear of orders. Payloads carry what subscribers need, copied from the order as it stood."""

from uuid import UUID

import msgspec

from merx.kernel.address import Address
from merx.kernel.model import Event
from merx.kernel.money import Money


class PlacedLine(msgspec.Struct, frozen=True):
    variant_id: UUID
    product_id: UUID
    sku: str
    name: str
    options: dict[str, str]
    quantity: int
    unit_price: Money
    line_total: Money


class OrderPlaced(Event, frozen=True, tag="orders.order-placed.v1"):
    order_id: UUID
    number: str
    customer_id: UUID | None
    email: str
    address: Address
    shipping_name: str
    payment_method: str
    items_total: Money
    shipping_total: Money
    total: Money
    lines: tuple[PlacedLine, ...]


class OrderPaid(Event, frozen=True, tag="orders.order-paid.v1"):
    order_id: UUID
    number: str


class OrderCancelled(Event, frozen=True, tag="orders.order-cancelled.v1"):
    """`quantities` are the units per variant that will not be sent after all.

    `whole` is False when something was sent before and only the rest is called off; `called_off` is the price of that
    rest, by which less is to be paid.
    """

    order_id: UUID
    number: str
    email: str
    reason: str
    quantities: dict[UUID, int]
    whole: bool = True
    called_off: Money | None = None
    customer_id: UUID | None = None


class OrderShipped(Event, frozen=True, tag="orders.order-shipped.v1"):
    """One shipment left; `quantities` are its units per variant."""

    order_id: UUID
    number: str
    email: str
    shipment_id: UUID
    carrier: str
    tracking_number: str
    quantities: dict[UUID, int]
    customer_id: UUID | None = None


class OrderDelivered(Event, frozen=True, tag="orders.order-delivered.v1"):
    order_id: UUID
    number: str
    shipment_id: UUID
