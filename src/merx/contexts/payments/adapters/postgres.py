"""Payments on PostgreSQL: aggregates by the ORM, payments of new orders set-wise in checkout's transaction."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship, selectinload

from merx.contexts.payments.api import OpenPayment
from merx.contexts.payments.domain.errors import PaymentExists, PaymentNotFound
from merx.contexts.payments.domain.payment import Payment, PaymentState
from merx.contexts.payments.ports.repositories import PaymentView
from merx.infra.postgres import (
    FINANCIAL,
    IDENTIFIER,
    PERSONAL,
    Base,
    PostgresRepository,
    PostgresTx,
    PostgresUow,
    Reader,
    VersionedRow,
    Write,
    compiled,
    money,
    postgres_tx,
)
from merx.kernel.money import Money

SCHEMA = "payments"


class PaymentEventRow(Base):
    __tablename__ = "payment_event"
    __table_args__ = {"schema": SCHEMA}

    id: Mapped[UUID] = mapped_column(primary_key=True, info=IDENTIFIER)
    payment_id: Mapped[UUID] = mapped_column(ForeignKey(f"{SCHEMA}.payment.id"), index=True, info=IDENTIFIER)
    position: Mapped[int] = mapped_column(Integer, info=FINANCIAL)
    kind: Mapped[str] = mapped_column(Text, info=FINANCIAL)
    amount: Mapped[int] = mapped_column(BigInteger, info=FINANCIAL)
    applied: Mapped[bool] = mapped_column(Boolean, info=FINANCIAL)
    reference: Mapped[str] = mapped_column(Text, info=PERSONAL)
    at: Mapped[datetime] = mapped_column(info=FINANCIAL)


class PaymentRow(VersionedRow):
    __tablename__ = "payment"
    __table_args__ = (
        CheckConstraint("captured between 0 and amount_amount and refunded between 0 and captured", name="bounds"),
        {"schema": SCHEMA},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, info=IDENTIFIER)
    order_id: Mapped[UUID] = mapped_column(index=True, info=IDENTIFIER)
    method: Mapped[str] = mapped_column(Text, info=FINANCIAL)
    state: Mapped[PaymentState] = mapped_column(Text, info=FINANCIAL)
    amount: Mapped[Money] = money("amount", info=FINANCIAL)
    captured: Mapped[int] = mapped_column(BigInteger, info=FINANCIAL)
    refunded: Mapped[int] = mapped_column(BigInteger, info=FINANCIAL)
    created_at: Mapped[datetime] = mapped_column(info=FINANCIAL)
    updated_at: Mapped[datetime] = mapped_column(info=FINANCIAL)
    history: Mapped[list[PaymentEventRow]] = relationship(
        order_by=PaymentEventRow.position, cascade="all, delete-orphan", lazy="raise"
    )


_OPEN = Write(
    """
    bill as (
        insert into payments.payment (id, version, order_id, method, state, amount_amount, amount_currency, captured,
                                      refunded, created_at, updated_at)
        select x.id, 1, x.order_id, x.method, 'pending', x.amount, x.currency, 0, 0, cast(:at as timestamptz),
               cast(:at as timestamptz)
          from unnest(cast(:ids as uuid[]), cast(:orders as uuid[]), cast(:methods as text[]),
                      cast(:amounts as bigint[]), cast(:currencies as text[]))
               as x(id, order_id, method, amount, currency))
    """
)
_LOCK = compiled("select id from payments.payment where id = :id for no key update")
_LOCK_ORDER = compiled("select id from payments.payment where order_id = :order_id order by id for no key update")
_VIEW = compiled(
    """
    select id, order_id, method, state, amount_amount, amount_currency, captured, refunded, created_at, updated_at
      from payments.payment where id = :id
    """
)


async def open_payments(tx: object, payments: Sequence[OpenPayment], at: datetime) -> None:
    postgres_tx(tx).later(
        _OPEN.filled(
            ids=[payment.payment_id for payment in payments],
            orders=[payment.order_id for payment in payments],
            methods=[payment.method for payment in payments],
            amounts=[payment.amount.amount for payment in payments],
            currencies=[payment.amount.currency for payment in payments],
            at=at,
        ),
        refused={"pk_payment": PaymentExists()},
    )


class PostgresPaymentsUow(PostgresUow):
    def open(self, tx: PostgresTx) -> None:
        self.payments = PostgresRepository(
            Payment, PaymentRow, tx, selectinload(PaymentRow.history), missing=PaymentNotFound
        )

    async def locked(self, payment_id: UUID) -> Payment:
        await self.tx.fetch(_LOCK, id=payment_id)
        return await self.payments.get(payment_id)

    async def of_order(self, order_id: UUID) -> list[Payment]:
        ids = [row[0] for row in await self.tx.fetch(_LOCK_ORDER, order_id=order_id)]
        return sorted(await self.payments.find(ids), key=lambda payment: payment.id)


class PostgresPaymentQueries:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def payment(self, payment_id: UUID) -> PaymentView:
        row = await self._reader.fetchrow(_VIEW, id=payment_id)
        if row is None:
            raise PaymentNotFound
        return PaymentView(row[0], row[1], row[2], PaymentState(row[3]), Money(row[4], row[5]), *row[6:])
