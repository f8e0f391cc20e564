"""The axes of an order's state. Each is stored, indexed and written by one place: the aggregate."""

from enum import StrEnum


class Status(StrEnum):
    """`draft` waits for a payment provider; cash on delivery is `placed` at once."""

    draft = "draft"
    placed = "placed"
    completed = "completed"
    cancelled = "cancelled"


class PaymentStatus(StrEnum):
    """`voided`: cancelled before anything was paid or sent, so nothing is asked for any more."""

    pending = "pending"
    paid = "paid"
    voided = "voided"


class FulfilmentStatus(StrEnum):
    unfulfilled = "unfulfilled"
    partial = "partial"
    fulfilled = "fulfilled"
    delivered = "delivered"


TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.draft: frozenset({Status.placed, Status.cancelled}),
    Status.placed: frozenset({Status.completed, Status.cancelled}),
    Status.completed: frozenset(),
    Status.cancelled: frozenset(),
}
