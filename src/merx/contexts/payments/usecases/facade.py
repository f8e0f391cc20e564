"""PaymentsApi."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from merx.contexts.payments.api import OpenPayment, PaymentMethod
from merx.contexts.payments.domain.methods import CashOnDeliveryPolicy
from merx.contexts.payments.ports.repositories import OpenPayments
from merx.kernel.money import Money
from merx.kernel.ports import Transaction


@dataclass(frozen=True, slots=True)
class PaymentsFacade:
    inserts: OpenPayments
    cash: CashOnDeliveryPolicy

    def methods(self, amount: Money, country: str) -> list[PaymentMethod]:
        return [self.cash.method()] if self.cash.allows(amount, country) else []

    async def open(self, tx: Transaction, payments: Sequence[OpenPayment], at: datetime) -> None:
        await self.inserts(tx, payments, at)
