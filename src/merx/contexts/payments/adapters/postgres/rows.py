"""Tables of payments."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Integer, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column, relationship

from merx.contexts.payments.domain.payment import PaymentState
from merx.infra.postgres import Base, VersionedRow, money
from merx.kernel.money import Money

SCHEMA = "payments"
_AT = TIMESTAMP(timezone=True)


class PaymentEventRow(Base):
    __tablename__ = "payment_event"
    __table_args__ = {"schema": SCHEMA}

    id: Mapped[UUID] = mapped_column(primary_key=True)
    payment_id: Mapped[UUID] = mapped_column(ForeignKey(f"{SCHEMA}.payment.id"), index=True)
    position: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(BigInteger)
    applied: Mapped[bool] = mapped_column(Boolean)
    reference: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(_AT)


class PaymentRow(VersionedRow):
    __tablename__ = "payment"
    __table_args__ = (
        CheckConstraint("captured between 0 and amount_amount and refunded between 0 and captured", name="bounds"),
        {"schema": SCHEMA},
    )

    order_id: Mapped[UUID] = mapped_column(index=True)
    method: Mapped[str] = mapped_column(Text)
    state: Mapped[PaymentState] = mapped_column(Text)
    amount: Mapped[Money] = money("amount")
    captured: Mapped[int] = mapped_column(BigInteger)
    refunded: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(_AT)
    updated_at: Mapped[datetime] = mapped_column(_AT)
    history: Mapped[list[PaymentEventRow]] = relationship(
        order_by=PaymentEventRow.position, cascade="all, delete-orphan", lazy="raise"
    )
