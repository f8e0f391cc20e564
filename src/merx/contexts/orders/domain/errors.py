"""What orders and checkout refuse."""

from merx.kernel.errors import Conflict, Invalid, NotFound


class OrderNotFound(NotFound):
    slug = "orders.order-not-found"
    title = "No such order"


class CartNotFound(NotFound):
    slug = "orders.cart-not-found"
    title = "No such cart"


class CartIncomplete(Conflict):
    """`requirements` in the answer says what is missing."""

    slug = "orders.cart-incomplete"
    title = "The cart is not ready for checkout"


class CartChanged(Conflict):
    """The total is not the one the shopper agreed to; the answer carries the present one."""

    slug = "orders.cart-changed"
    title = "The total has changed"


class SoldOut(Conflict):
    """The answer lists the variants with what is left."""

    slug = "orders.sold-out"
    title = "Sold out"


class NotForSale(Conflict):
    slug = "orders.not-for-sale"
    title = "Not for sale any more"


class ShippingNotAvailable(Conflict):
    slug = "orders.shipping-not-available"
    title = "The shipping method is not offered for this cart"


class PaymentMethodNotAvailable(Invalid):
    slug = "orders.payment-method-not-available"
    title = "The payment method is not offered for this cart"


class NotCancellable(Conflict):
    slug = "orders.not-cancellable"
    title = "The order cannot be cancelled"


class NotShippable(Conflict):
    slug = "orders.not-shippable"
    title = "The order cannot be shipped"


class NotDeliverable(Conflict):
    slug = "orders.not-deliverable"
    title = "The shipment cannot be delivered"


class UnknownLine(Invalid):
    slug = "orders.unknown-line"
    title = "The order has no such line"


class UnknownShipment(NotFound):
    slug = "orders.shipment-not-found"
    title = "No such shipment"
