"""An order: what was agreed, copied from cart, catalogue and address book so that later edits there change nothing."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from merx.contexts.orders.domain.errors import (
    NotCancellable,
    NotDeliverable,
    NotShippable,
    UnknownLine,
    UnknownShipment,
)
from merx.contexts.orders.domain.states import TRANSITIONS, FulfilmentStatus, PaymentStatus, Status
from merx.contexts.orders.events import (
    OrderCancelled,
    OrderDelivered,
    OrderPaid,
    OrderPlaced,
    OrderShipped,
    PlacedLine,
)
from merx.kernel.address import Address
from merx.kernel.ids import new_id
from merx.kernel.model import Entity
from merx.kernel.money import Money

# An address has a name, a street and a city, also when nobody may know them any more.
ERASED = "erased"
# What people write stands in the history of the order, and may be personal.
WORDS = frozenset({"cancel_reason", "tracking_number"})


class ChosenShipping(msgspec.Struct, frozen=True, kw_only=True):
    method_id: UUID
    code: str
    name: str


class Line(msgspec.Struct, kw_only=True):
    """`shipped + cancelled` never exceeds `quantity`."""

    id: UUID
    variant_id: UUID
    product_id: UUID
    sku: str
    name: str
    options: dict[str, str]
    quantity: int
    unit_price: Money
    line_total: Money
    shipped: int = 0
    cancelled: int = 0

    @property
    def open(self) -> int:
        """Units neither sent nor called off."""
        return self.quantity - self.shipped - self.cancelled


class Shipment(msgspec.Struct, kw_only=True):
    """`quantities` are units per order line."""

    id: UUID
    carrier: str
    tracking_number: str
    quantities: dict[UUID, int]
    shipped_at: datetime
    delivered_at: datetime | None = None


class Order(Entity):
    number: str
    cart_id: UUID
    customer_id: UUID | None
    email: str
    address: Address
    shipping: ChosenShipping
    payment_method: str
    payment_id: UUID
    items_total: Money
    shipping_total: Money
    total: Money
    created_at: datetime
    updated_at: datetime
    status: Status = Status.draft
    payment_status: PaymentStatus = PaymentStatus.pending
    fulfilment_status: FulfilmentStatus = FulfilmentStatus.unfulfilled
    placed_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancel_reason: str = ""
    lines: list[Line] = []
    shipments: list[Shipment] = []

    def place(self, now: datetime) -> OrderPlaced:
        """From draft: the shop now owes the goods."""
        self._go(Status.placed, now)
        self.placed_at = now
        return OrderPlaced(
            at=now,
            order_id=self.id,
            number=self.number,
            customer_id=self.customer_id,
            email=self.email,
            address=self.address,
            shipping_name=self.shipping.name,
            payment_method=self.payment_method,
            items_total=self.items_total,
            shipping_total=self.shipping_total,
            total=self.total,
            lines=tuple(
                PlacedLine(
                    line.variant_id,
                    line.product_id,
                    line.sku,
                    line.name,
                    line.options,
                    line.quantity,
                    line.unit_price,
                    line.line_total,
                )
                for line in self.lines
            ),
        )

    def cancel(self, now: datetime, reason: str) -> OrderCancelled:
        """Calls off everything not yet sent; what was sent stays. Raises NotCancellable."""
        if self.status not in (Status.draft, Status.placed) or not any(line.open for line in self.lines):
            raise NotCancellable(f"the order is {self.status} and {self.fulfilment_status}")
        quantities: dict[UUID, int] = {}
        called_off = Money.zero(self.total.currency)
        for line in self.lines:
            if line.open:
                called_off += line.unit_price * line.open
                quantities[line.variant_id] = quantities.get(line.variant_id, 0) + line.open
                line.cancelled += line.open
        whole = not any(line.shipped for line in self.lines)
        if whole:
            self._go(Status.cancelled, now)
            self.cancelled_at = now
            if self.payment_status is PaymentStatus.pending:
                self.payment_status = PaymentStatus.voided
        self.cancel_reason = reason
        self._settle(now)
        return OrderCancelled(
            at=now,
            order_id=self.id,
            number=self.number,
            email=self.email,
            reason=reason,
            quantities=quantities,
            whole=whole,
            called_off=called_off,
            customer_id=self.customer_id,
        )

    def ship(self, now: datetime, carrier: str, tracking_number: str, quantities: Mapping[UUID, int]) -> OrderShipped:
        """One parcel leaves with `quantities` units per line; empty means all that is open.

        Raises NotShippable, UnknownLine.
        """
        if self.status is not Status.placed:
            raise NotShippable(f"the order is {self.status}")
        lines = {line.id: line for line in self.lines}
        wanted = dict(quantities) or {line.id: line.open for line in self.lines if line.open}
        if not wanted:
            raise NotShippable("nothing is left to send")
        per_variant: dict[UUID, int] = {}
        for line_id, units in wanted.items():
            line = lines.get(line_id)
            if line is None:
                raise UnknownLine(f"no line {line_id}")
            if units > line.open:
                raise NotShippable(f"only {line.open} units of {line.sku} are open")
            line.shipped += units
            per_variant[line.variant_id] = per_variant.get(line.variant_id, 0) + units
        shipment = Shipment(
            id=new_id(), carrier=carrier, tracking_number=tracking_number, quantities=wanted, shipped_at=now
        )
        self.shipments.append(shipment)
        self._settle(now)
        return OrderShipped(
            at=now,
            order_id=self.id,
            number=self.number,
            email=self.email,
            shipment_id=shipment.id,
            carrier=carrier,
            tracking_number=tracking_number,
            quantities=per_variant,
            customer_id=self.customer_id,
        )

    def deliver(self, shipment_id: UUID, now: datetime) -> OrderDelivered:
        """A parcel arrived. Raises UnknownShipment, NotDeliverable when it already had."""
        shipment = next((item for item in self.shipments if item.id == shipment_id), None)
        if shipment is None:
            raise UnknownShipment
        if shipment.delivered_at is not None:
            raise NotDeliverable("it was delivered already")
        shipment.delivered_at = now
        self._settle(now)
        return OrderDelivered(at=now, order_id=self.id, number=self.number, shipment_id=shipment_id)

    def pay(self, now: datetime) -> OrderPaid:
        self.payment_status = PaymentStatus.paid
        self._settle(now)
        return OrderPaid(at=now, order_id=self.id, number=self.number)

    def forget_person(self) -> None:
        """Who it was is forgotten; what was sold, and to which country and region, stays for the books."""
        self.email = self.cancel_reason = ""
        self.address = Address(
            name=ERASED, line1=ERASED, city=ERASED, country=self.address.country, region=self.address.region
        )
        for shipment in self.shipments:
            shipment.tracking_number = ""

    def _go(self, status: Status, now: datetime) -> None:
        if status not in TRANSITIONS[self.status]:
            raise NotCancellable(f"the order is {self.status}")
        self.status = status
        self.updated_at = now

    def _settle(self, now: datetime) -> None:
        """Derive what follows from lines and parcels. The only writer of the fulfilment status."""
        wanted = sum(line.quantity - line.cancelled for line in self.lines)
        sent = sum(line.shipped for line in self.lines)
        if sent == 0:
            self.fulfilment_status = FulfilmentStatus.unfulfilled
        elif sent < wanted:
            self.fulfilment_status = FulfilmentStatus.partial
        elif all(item.delivered_at for item in self.shipments):
            self.fulfilment_status = FulfilmentStatus.delivered
        else:
            self.fulfilment_status = FulfilmentStatus.fulfilled
        self.updated_at = now
        done = self.fulfilment_status is FulfilmentStatus.delivered and self.payment_status is PaymentStatus.paid
        if done and self.status is Status.placed:
            self._go(Status.completed, now)
