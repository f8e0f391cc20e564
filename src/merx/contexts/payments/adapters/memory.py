"""Payments in memory."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from merx.contexts.payments.api import OpenPayment
from merx.contexts.payments.domain.errors import PaymentExists, PaymentNotFound
from merx.contexts.payments.domain.payment import Payment, PaymentState
from merx.contexts.payments.ports.repositories import PaymentView
from merx.infra.memory import MemoryRepository, MemoryStore, MemoryTx, MemoryUow, memory_tx

PAYMENTS = "payments.payment"


async def open_payments(tx: object, payments: Sequence[OpenPayment], at: datetime) -> None:
    table = memory_tx(tx).table(PAYMENTS)
    for payment in payments:
        if table.get(payment.payment_id) is not None:
            raise PaymentExists
        table.put(
            payment.payment_id,
            Payment(
                id=payment.payment_id,
                version=1,
                order_id=payment.order_id,
                method=payment.method,
                state=PaymentState.pending,
                amount=payment.amount,
                created_at=at,
                updated_at=at,
            ),
        )


class MemoryPaymentsUow(MemoryUow):
    def open(self, tx: MemoryTx) -> None:
        self.payments = MemoryRepository[Payment](PAYMENTS, tx, missing=PaymentNotFound)

    async def locked(self, payment_id: UUID) -> Payment:
        return await self.payments.get(payment_id)

    async def of_order(self, order_id: UUID) -> list[Payment]:
        found = [payment for payment in self.tx.table(PAYMENTS).values() if payment.order_id == order_id]
        return sorted(found, key=lambda payment: payment.id)


class MemoryPaymentQueries:
    def __init__(self, store: MemoryStore) -> None:
        self._payments: dict[UUID, Payment] = store.table(PAYMENTS)

    async def payment(self, payment_id: UUID) -> PaymentView:
        found = self._payments.get(payment_id)
        if found is None:
            raise PaymentNotFound
        return PaymentView(
            found.id,
            found.order_id,
            found.method,
            found.state,
            found.amount,
            found.captured,
            found.refunded,
            found.created_at,
            found.updated_at,
        )
