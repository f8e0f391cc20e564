"""Aggregates by the ORM; payments of new orders are inserted set-wise in checkout's transaction."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import selectinload

from merx.contexts.payments.adapters.postgres.rows import PaymentRow
from merx.contexts.payments.api import OpenPayment
from merx.contexts.payments.domain.errors import PaymentNotFound
from merx.contexts.payments.domain.payment import Payment, PaymentState
from merx.contexts.payments.ports.repositories import PaymentView
from merx.infra.postgres import PostgresRepository, PostgresTx, PostgresUow, Reader, compiled
from merx.kernel.money import Money

_OPEN = compiled(
    """
    insert into payments.payment (id, version, order_id, method, state, amount_amount, amount_currency, captured,
                                  refunded, created_at, updated_at)
    select x.id, 1, x.order_id, x.method, 'pending', x.amount, x.currency, 0, 0, :at, :at
      from unnest(cast(:ids as uuid[]), cast(:orders as uuid[]), cast(:methods as text[]), cast(:amounts as bigint[]),
                  cast(:currencies as text[])) as x(id, order_id, method, amount, currency)
    """
)
_OF_ORDER = compiled("select id from payments.payment where order_id = :order_id")
_VIEW = compiled(
    """
    select id, order_id, method, state, amount_amount, amount_currency, captured, refunded, created_at, updated_at
      from payments.payment where id = :id
    """
)


async def open_payments(tx: object, payments: Sequence[OpenPayment], at: datetime) -> None:
    if not isinstance(tx, PostgresTx):
        raise TypeError("not a PostgreSQL transaction")
    await tx.execute(
        _OPEN,
        ids=[payment.payment_id for payment in payments],
        orders=[payment.order_id for payment in payments],
        methods=[payment.method for payment in payments],
        amounts=[payment.amount.amount for payment in payments],
        currencies=[payment.amount.currency for payment in payments],
        at=at,
    )


class PostgresPaymentsUow(PostgresUow):
    def open(self, tx: PostgresTx) -> None:
        self.payments = PostgresRepository(
            Payment, PaymentRow, tx, selectinload(PaymentRow.history), missing=PaymentNotFound
        )

    async def of_order(self, order_id: UUID) -> list[Payment]:
        ids = [row[0] for row in await self.tx.fetch(_OF_ORDER, order_id=order_id)]
        return await self.payments.find(ids)


class PostgresPaymentQueries:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def payment(self, payment_id: UUID) -> PaymentView:
        row = await self._reader.fetchrow(_VIEW, id=payment_id)
        if row is None:
            raise PaymentNotFound
        return PaymentView(row[0], row[1], row[2], PaymentState(row[3]), Money(row[4], row[5]), *row[6:])
