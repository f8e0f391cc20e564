"""What a cart has to be like to become an order, and what becomes of its lines."""

from collections.abc import Mapping
from uuid import UUID

from merx.contexts.orders.domain.errors import CartNotFound, NotForSale
from merx.contexts.orders.domain.order import Line, Order
from merx.contexts.orders.ports.neighbours import LockedCart, Offer, StoredAnswer
from merx.contexts.orders.usecases.commands import CheckoutAnswer, CheckoutRequest
from merx.kernel.errors import KeyReused
from merx.kernel.ids import new_id


def replay(stored: StoredAnswer | None) -> CheckoutAnswer | None:
    if stored is None:
        return None
    if not stored.matches:
        raise KeyReused
    return CheckoutAnswer(stored.status, stored.body, replayed=True)


def opened(cart: LockedCart | None, request: CheckoutRequest) -> LockedCart:
    """The cart if the caller may order it. Raises CartNotFound, the same for nobody's cart and somebody else's."""
    if cart is None or not (cart.active or cart.completed):
        raise CartNotFound
    mine = cart.customer_id is not None and cart.customer_id == request.actor.customer_id
    if not (mine or (cart.customer_id is None and request.opens_cart)):
        raise CartNotFound
    return cart


def requirements(cart: LockedCart) -> list[str]:
    missing = {
        "lines": not cart.lines,
        "email": cart.email is None,
        "address": cart.address is None,
        "shipping_method": cart.shipping_method_id is None,
    }
    return [name for name, absent in missing.items() if absent]


def line_of(variant_id: UUID, quantity: int, offers: Mapping[UUID, Offer], currency: str) -> Line:
    offer = offers.get(variant_id)
    if offer is None or not offer.on_sale or offer.price.currency != currency:
        raise NotForSale(extra={"variants": [str(variant_id)]})
    return Line(
        id=new_id(),
        variant_id=variant_id,
        product_id=offer.product_id,
        sku=offer.sku,
        name=offer.name,
        options=offer.options,
        quantity=quantity,
        unit_price=offer.price,
        line_total=offer.price * quantity,
    )


def demand(order: Order) -> dict[UUID, int]:
    """Demand per variant: two lines of one variant share its stock."""
    wanted: dict[UUID, int] = {}
    for line in order.lines:
        wanted[line.variant_id] = wanted.get(line.variant_id, 0) + line.quantity
    return wanted
