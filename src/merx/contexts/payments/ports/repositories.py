"""What payment use cases need to write and read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, Self
from uuid import UUID

from merx.contexts.payments.api import OpenPayment
from merx.contexts.payments.domain.payment import Payment, PaymentState
from merx.kernel.model import View
from merx.kernel.money import Money
from merx.kernel.ports import Repository, UnitOfWork


class PaymentsUow(UnitOfWork, Protocol):
    @property
    def payments(self) -> Repository[Payment]: ...

    async def locked(self, payment_id: UUID) -> Payment:
        """With its row locked: money news of one payment are taken one after the other. Raises PaymentNotFound."""
        ...

    async def of_order(self, order_id: UUID) -> list[Payment]:
        """All payments of an order, locked, in id order."""
        ...

    async def __aenter__(self) -> Self: ...


class PaymentsUowFactory(Protocol):
    def __call__(self) -> PaymentsUow: ...


class OpenPayments(Protocol):
    """Inserts payments inside another context's transaction."""

    async def __call__(self, tx: object, payments: Sequence[OpenPayment], at: datetime) -> None: ...


class PaymentView(View, frozen=True):
    """`captured` and `refunded` are minor units of `amount.currency`."""

    id: UUID
    order_id: UUID
    method: str
    state: PaymentState
    amount: Money
    captured: int
    refunded: int
    created_at: datetime
    updated_at: datetime


class PaymentQueries(Protocol):
    async def payment(self, payment_id: UUID) -> PaymentView:
        """Raises PaymentNotFound."""
        ...
