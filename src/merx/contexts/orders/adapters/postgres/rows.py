"""Tables of orders."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from merx.contexts.orders.domain.order import ChosenShipping
from merx.contexts.orders.domain.states import FulfilmentStatus, PaymentStatus, Status
from merx.infra.postgres import AsJson, Base, VersionedRow, money
from merx.kernel.address import Address
from merx.kernel.money import Money

SCHEMA = "orders"


class LineRow(Base):
    __tablename__ = "order_line"
    __table_args__ = (
        CheckConstraint("shipped >= 0 and cancelled >= 0 and shipped + cancelled <= quantity", name="open"),
        Index("ix_order_line_product", "product_id"),
        {"schema": SCHEMA},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey(f"{SCHEMA}.order.id"), index=True)
    position: Mapped[int] = mapped_column(Integer)
    variant_id: Mapped[UUID] = mapped_column()
    product_id: Mapped[UUID] = mapped_column()
    sku: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    options: Mapped[dict[str, str]] = mapped_column(AsJson(dict[str, str]))
    quantity: Mapped[int] = mapped_column(Integer)
    unit_price: Mapped[Money] = money("unit_price")
    line_total: Mapped[Money] = money("line_total")
    shipped: Mapped[int] = mapped_column(Integer)
    cancelled: Mapped[int] = mapped_column(Integer)


class ShipmentRow(Base):
    __tablename__ = "shipment"
    __table_args__ = {"schema": SCHEMA}

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey(f"{SCHEMA}.order.id"), index=True)
    position: Mapped[int] = mapped_column(Integer)
    carrier: Mapped[str] = mapped_column(Text)
    tracking_number: Mapped[str] = mapped_column(Text)
    quantities: Mapped[dict[UUID, int]] = mapped_column(AsJson(dict[UUID, int]))
    shipped_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]


class OrderRow(VersionedRow):
    __tablename__ = "order"
    __table_args__ = (
        UniqueConstraint("number"),
        UniqueConstraint("cart_id"),
        CheckConstraint("total_amount = items_total_amount + shipping_total_amount", name="total"),
        Index("ix_order_customer", "customer_id", "id"),
        Index("ix_order_status", "status", "fulfilment_status", "id"),
        Index("ix_order_email", text("lower(email)"), "id"),
        {"schema": SCHEMA},
    )

    number: Mapped[str] = mapped_column(Text)
    cart_id: Mapped[UUID] = mapped_column()
    customer_id: Mapped[UUID | None] = mapped_column()
    email: Mapped[str] = mapped_column(Text)
    address: Mapped[Address] = mapped_column(AsJson(Address))
    shipping: Mapped[ChosenShipping] = mapped_column(AsJson(ChosenShipping))
    payment_method: Mapped[str] = mapped_column(Text)
    payment_id: Mapped[UUID] = mapped_column()
    items_total: Mapped[Money] = money("items_total")
    shipping_total: Mapped[Money] = money("shipping_total")
    total: Mapped[Money] = money("total")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    status: Mapped[Status] = mapped_column(Text)
    payment_status: Mapped[PaymentStatus] = mapped_column(Text)
    fulfilment_status: Mapped[FulfilmentStatus] = mapped_column(Text)
    placed_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str] = mapped_column(Text)
    lines: Mapped[list[LineRow]] = relationship(order_by=LineRow.position, cascade="all, delete-orphan", lazy="raise")
    shipments: Mapped[list[ShipmentRow]] = relationship(
        order_by=ShipmentRow.position, cascade="all, delete-orphan", lazy="raise"
    )


class TimelineRow(Base):
    __tablename__ = "timeline"
    __table_args__ = (Index("ix_timeline_order", "order_id", "id"), {"schema": SCHEMA})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey(f"{SCHEMA}.order.id"))
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    request_id: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
