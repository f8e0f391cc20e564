"""What other contexts may ask of payments."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from merx.kernel.money import Money
from merx.kernel.ports import Transaction


class PaymentMethod(msgspec.Struct, frozen=True):
    """`offline` methods ask no provider: the order is placed at once and the money follows."""

    code: str
    name: str
    offline: bool


class OpenPayment(msgspec.Struct, frozen=True):
    payment_id: UUID
    order_id: UUID
    method: str
    amount: Money


class PaymentsApi(Protocol):
    def methods(self, amount: Money, country: str) -> list[PaymentMethod]:
        """Methods that can pay this amount there."""
        ...

    async def open(self, tx: Transaction, payments: Sequence[OpenPayment], at: datetime) -> None:
        """Record payments that wait for their money, in the caller's transaction.

        Raises a Conflict when one of the ids has a payment already, at the latest at the commit; the transaction can
        then only be given up.
        """
        ...
