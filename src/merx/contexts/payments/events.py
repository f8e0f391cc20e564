"""What others may hear of payments."""

from uuid import UUID

from merx.kernel.model import Event
from merx.kernel.money import Money


class PaymentSucceeded(Event, frozen=True, tag="payments.payment-succeeded.v1"):
    """The money of one payment is captured (for cash on delivery: collected)."""

    payment_id: UUID
    order_id: UUID
    amount: Money


class PaymentFailed(Event, frozen=True, tag="payments.payment-failed.v1"):
    payment_id: UUID
    order_id: UUID
    reason: str
