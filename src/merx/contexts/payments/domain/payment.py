"""The one payment machine. Whatever tells news of money (staff, courier, later webhook, redirect, poll) feeds it.

News may come twice and in any order. A state never goes back: news of a lower rank is recorded and changes nothing.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from merx.contexts.payments.domain.errors import WrongAmount, WrongState
from merx.contexts.payments.events import PaymentFailed, PaymentSucceeded
from merx.kernel.ids import new_id
from merx.kernel.model import Entity, Event
from merx.kernel.money import Money


class PaymentState(StrEnum):
    created = "created"
    pending = "pending"
    failed = "failed"
    authorized = "authorized"
    voided = "voided"
    expired = "expired"
    captured = "captured"
    disputed = "disputed"
    partially_refunded = "partially_refunded"
    refunded = "refunded"


_S = PaymentState

# `failed → authorized | captured` is legal: banks change their mind late.
TRANSITIONS: dict[PaymentState, frozenset[PaymentState]] = {
    _S.created: frozenset({_S.pending, _S.failed, _S.authorized, _S.captured, _S.voided}),
    _S.pending: frozenset({_S.failed, _S.authorized, _S.captured, _S.voided, _S.expired}),
    _S.failed: frozenset({_S.authorized, _S.captured}),
    _S.authorized: frozenset({_S.captured, _S.voided, _S.expired}),
    _S.voided: frozenset({_S.captured}),
    _S.expired: frozenset({_S.captured}),
    _S.captured: frozenset({_S.partially_refunded, _S.refunded, _S.disputed}),
    _S.disputed: frozenset({_S.captured, _S.refunded}),
    _S.partially_refunded: frozenset({_S.refunded, _S.disputed}),
    _S.refunded: frozenset(),
}


class PaymentEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of news as it came; append-only. `applied` is False when it changed nothing."""

    id: UUID
    kind: str
    amount: int
    applied: bool
    reference: str
    at: datetime


class Payment(Entity):
    """Money owed for one order by one method. Amounts are minor units of `amount.currency`."""

    order_id: UUID
    method: str
    state: PaymentState
    amount: Money
    created_at: datetime
    updated_at: datetime
    captured: int = 0
    refunded: int = 0
    history: list[PaymentEvent] = []

    def _note(self, kind: str, amount: int, reference: str, at: datetime, *, applied: bool) -> None:
        event = PaymentEvent(id=new_id(), kind=kind, amount=amount, applied=applied, reference=reference, at=at)
        self.history.append(event)
        self.updated_at = at

    def _go(self, state: PaymentState) -> bool:
        if state not in TRANSITIONS[self.state]:
            return False
        self.state = state
        return True

    def collect(self, amount: Money, reference: str, now: datetime) -> list[Event]:
        """The whole amount was captured, or taken in cash. Telling it again with the same reference changes nothing.

        Raises WrongAmount for another amount (partial collections are refused), WrongState when the payment is over.
        """
        if amount != self.amount:
            raise WrongAmount(f"{self.amount} are due")
        if any(news.kind == "captured" and news.reference == reference for news in self.history):
            return []
        if self.captured or not self._go(_S.captured):
            raise WrongState(f"the payment is {self.state}")
        self.captured = amount.amount
        self._note("captured", amount.amount, reference, now, applied=True)
        return [PaymentSucceeded(at=now, payment_id=self.id, order_id=self.order_id, amount=amount)]

    def fail(self, reason: str, now: datetime) -> list[Event]:
        """News of a failure; ignored when the money already came."""
        applied = self._go(_S.failed)
        self._note("failed", 0, reason, now, applied=applied)
        if not applied:
            return []
        return [PaymentFailed(at=now, payment_id=self.id, order_id=self.order_id, reason=reason)]

    def reduce(self, by: Money, reason: str, now: datetime) -> None:
        """Less is due, because a part is not sent after all. Money that came already stays: it is owed back."""
        applied = self.captured == 0 and by.amount <= self.amount.amount
        if applied:
            self.amount -= by
        self._note("reduced", by.amount, reason, now, applied=applied)

    def void(self, reason: str, now: datetime) -> None:
        """The money is not wanted any more; ignored when it already came."""
        self._note("voided", 0, reason, now, applied=self._go(_S.voided))
