"""What payments refuse."""

from merx.kernel.errors import Conflict, Invalid, NotFound


class PaymentNotFound(NotFound):
    slug = "payments.payment-not-found"
    title = "No such payment"


class PaymentExists(Conflict):
    slug = "payments.payment-exists"
    title = "A payment with this id was opened before"


class WrongState(Conflict):
    slug = "payments.wrong-state"
    title = "The payment's state does not allow it"


class WrongAmount(Invalid):
    slug = "payments.wrong-amount"
    title = "The amount differs from what is due"
