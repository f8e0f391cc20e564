"""Tables of orders."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from merx.contexts.orders.domain.order import ChosenShipping
from merx.contexts.orders.domain.states import FulfilmentStatus, PaymentStatus, Status
from merx.infra.postgres import FINANCIAL, IDENTIFIER, PERSONAL, PLAIN, AsJson, Base, EmailKeys, VersionedRow, money
from merx.kernel.address import Address
from merx.kernel.money import Money

SCHEMA = "orders"
EMAIL_KEYS = EmailKeys("orders.order")


class LineRow(Base):
    __tablename__ = "order_line"
    __table_args__ = (
        CheckConstraint("shipped >= 0 and cancelled >= 0 and shipped + cancelled <= quantity", name="open"),
        Index("ix_order_line_product", "product_id"),
        {"schema": SCHEMA},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, info=IDENTIFIER)
    order_id: Mapped[UUID] = mapped_column(ForeignKey(f"{SCHEMA}.order.id"), index=True, info=IDENTIFIER)
    position: Mapped[int] = mapped_column(Integer, info=FINANCIAL)
    variant_id: Mapped[UUID] = mapped_column(info=FINANCIAL)
    product_id: Mapped[UUID] = mapped_column(info=FINANCIAL)
    sku: Mapped[str] = mapped_column(Text, info=FINANCIAL)
    name: Mapped[str] = mapped_column(Text, info=FINANCIAL)
    options: Mapped[dict[str, str]] = mapped_column(AsJson(dict[str, str]), info=FINANCIAL)
    quantity: Mapped[int] = mapped_column(Integer, info=FINANCIAL)
    unit_price: Mapped[Money] = money("unit_price", info=FINANCIAL)
    line_total: Mapped[Money] = money("line_total", info=FINANCIAL)
    shipped: Mapped[int] = mapped_column(Integer, info=FINANCIAL)
    cancelled: Mapped[int] = mapped_column(Integer, info=FINANCIAL)


class ShipmentRow(Base):
    __tablename__ = "shipment"
    __table_args__ = {"schema": SCHEMA}

    id: Mapped[UUID] = mapped_column(primary_key=True, info=IDENTIFIER)
    order_id: Mapped[UUID] = mapped_column(ForeignKey(f"{SCHEMA}.order.id"), index=True, info=IDENTIFIER)
    position: Mapped[int] = mapped_column(Integer, info=FINANCIAL)
    carrier: Mapped[str] = mapped_column(Text, info=FINANCIAL)
    # The courier knows by it whose door it was.
    tracking_number: Mapped[str] = mapped_column(Text, info=PERSONAL)
    quantities: Mapped[dict[UUID, int]] = mapped_column(AsJson(dict[UUID, int]), info=FINANCIAL)
    shipped_at: Mapped[datetime] = mapped_column(info=FINANCIAL)
    delivered_at: Mapped[datetime | None] = mapped_column(info=FINANCIAL)


class OrderRow(VersionedRow):
    __tablename__ = "order"
    __table_args__ = (
        UniqueConstraint("number"),
        UniqueConstraint("cart_id"),
        CheckConstraint("total_amount = items_total_amount + shipping_total_amount", name="total"),
        Index("ix_order_customer", "customer_id", "id"),
        Index("ix_order_status", "status", "fulfilment_status", "id"),
        # Whoever blanks the e-mail blanks what it is found by.
        CheckConstraint("email <> '' or email_key = ''", name="blank_email"),
        Index("ix_order_email_key", "email_key", "id"),
        {"schema": SCHEMA},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, info=IDENTIFIER)
    number: Mapped[str] = mapped_column(Text, info=FINANCIAL)
    cart_id: Mapped[UUID] = mapped_column(info=IDENTIFIER)
    customer_id: Mapped[UUID | None] = mapped_column(info=IDENTIFIER)
    email: Mapped[str] = mapped_column(Text, info=PERSONAL)
    # None on rows that a version before wrote beside this one, until `EMAIL_KEYS` has found them.
    email_key: Mapped[str | None] = mapped_column(Text, info=PERSONAL)
    address: Mapped[Address] = mapped_column(AsJson(Address), info=PERSONAL)
    shipping: Mapped[ChosenShipping] = mapped_column(AsJson(ChosenShipping), info=FINANCIAL)
    payment_method: Mapped[str] = mapped_column(Text, info=FINANCIAL)
    payment_id: Mapped[UUID] = mapped_column(info=IDENTIFIER)
    items_total: Mapped[Money] = money("items_total", info=FINANCIAL)
    shipping_total: Mapped[Money] = money("shipping_total", info=FINANCIAL)
    total: Mapped[Money] = money("total", info=FINANCIAL)
    created_at: Mapped[datetime] = mapped_column(info=FINANCIAL)
    updated_at: Mapped[datetime] = mapped_column(info=PLAIN)
    status: Mapped[Status] = mapped_column(Text, info=PLAIN)
    payment_status: Mapped[PaymentStatus] = mapped_column(Text, info=PLAIN)
    fulfilment_status: Mapped[FulfilmentStatus] = mapped_column(Text, info=PLAIN)
    placed_at: Mapped[datetime | None] = mapped_column(info=FINANCIAL)
    cancelled_at: Mapped[datetime | None] = mapped_column(info=FINANCIAL)
    cancel_reason: Mapped[str] = mapped_column(Text, info=PERSONAL)
    lines: Mapped[list[LineRow]] = relationship(order_by=LineRow.position, cascade="all, delete-orphan", lazy="raise")
    shipments: Mapped[list[ShipmentRow]] = relationship(
        order_by=ShipmentRow.position, cascade="all, delete-orphan", lazy="raise"
    )


class TimelineRow(Base):
    __tablename__ = "timeline"
    __table_args__ = (Index("ix_timeline_order", "order_id", "id"), {"schema": SCHEMA})

    id: Mapped[UUID] = mapped_column(primary_key=True, info=IDENTIFIER)
    order_id: Mapped[UUID] = mapped_column(ForeignKey(f"{SCHEMA}.order.id"), info=IDENTIFIER)
    at: Mapped[datetime] = mapped_column(info=PLAIN)
    kind: Mapped[str] = mapped_column(Text, info=PLAIN)
    actor: Mapped[str] = mapped_column(Text, info=IDENTIFIER)
    request_id: Mapped[str] = mapped_column(Text, info=IDENTIFIER)
    note: Mapped[str] = mapped_column(Text, info=PERSONAL)
