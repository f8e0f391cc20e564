"""What a shopper may not do with a cart."""

from merx.kernel.errors import Conflict, Invalid, NotFound


class CartNotFound(NotFound):
    """Also for a cart of somebody else and for a wrong or missing token."""

    slug = "carts.not-found"
    title = "No such cart"


class LineNotFound(NotFound):
    slug = "carts.line-not-found"
    title = "The cart has no such line"


class CartClosed(Conflict):
    slug = "carts.not-active"
    title = "The cart can no longer be changed"


class UnknownVariant(Invalid):
    slug = "carts.unknown-variant"
    title = "No such variant"


class OtherCurrency(Invalid):
    slug = "carts.other-currency"
    title = "The variant is sold in another currency than this cart"


class NotOnSale(Conflict):
    slug = "carts.not-on-sale"
    title = "The variant is not on sale"


class QuantityLimit(Conflict):
    slug = "carts.quantity-limit"
    title = "Too many units of one variant"


class TooManyLines(Conflict):
    slug = "carts.too-many-lines"
    title = "The cart is full"


class AddressMissing(Conflict):
    slug = "carts.address-missing"
    title = "The cart has no address yet"


class ShippingNotOffered(Conflict):
    slug = "carts.shipping-not-offered"
    title = "This shipping method is not offered for the cart"


class ActiveCartExists(Conflict):
    """One active cart for each customer and currency; the loser of a race reads the winner's."""

    slug = "carts.active-cart-exists"
    title = "The customer has an active cart in this currency"
