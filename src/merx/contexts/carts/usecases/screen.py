"""The cart as its shopper sees it: what the cart holds, with the prices, stock and shipping of this moment."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from merx.contexts.carts.api import CartStatus
from merx.contexts.carts.domain.cart import Cart, CartLine, ShippingChoice
from merx.contexts.carts.domain.errors import AddressMissing
from merx.contexts.carts.domain.offer import Offer, ShippingOffer
from merx.contexts.carts.ports.neighbours import Offers, ShippingQuotes, StockLevels
from merx.contexts.carts.ports.queries import CartProblem, CartShippingView, CartView, LineView, ShippingMethodView
from merx.kernel.money import Money


@dataclass(frozen=True, slots=True)
class CartScreen:
    """Asks the neighbours and composes. Never called with a transaction open."""

    offers: Offers
    stock: StockLevels
    quotes: ShippingQuotes

    async def show(self, cart: Cart, known: Iterable[Offer] = (), *, exact: bool = False) -> CartView:
        """`known` offers are not asked for again.

        Editing lines shows the stock that the catalogue last heard of. `exact` asks the inventory itself; that is for
        looking at the cart and for the steps towards checkout.
        """
        offers = await self._offers(cart, known)
        if exact and cart.lines:
            levels = await self.stock.available([line.variant_id for line in cart.lines])
        else:
            levels = {key: offer.available for key, offer in offers.items()}
        quoted: Sequence[ShippingOffer] = ()
        if cart.shipping is not None and cart.address is not None and cart.status is CartStatus.active:
            quoted = await self._quote(cart, offers)
        return compose(cart, offers, levels, quoted)

    async def shipping_offers(self, cart: Cart) -> list[ShippingOffer]:
        """Raises AddressMissing."""
        return await self._quote(cart, await self._offers(cart, ()))

    async def _offers(self, cart: Cart, known: Iterable[Offer]) -> dict[UUID, Offer]:
        offers = {offer.variant_id: offer for offer in known}
        missing = [line.variant_id for line in cart.lines if line.variant_id not in offers]
        if missing:
            offers.update(await self.offers.find(missing))
        return offers

    async def _quote(self, cart: Cart, offers: Mapping[UUID, Offer]) -> list[ShippingOffer]:
        if cart.address is None:
            raise AddressMissing
        weight = sum(
            offers[line.variant_id].weight_grams * line.quantity for line in cart.lines if line.variant_id in offers
        )
        value = sum(
            _unit_price(line, offers.get(line.variant_id), cart.currency) * line.quantity for line in cart.lines
        )
        return await self.quotes.offers(
            cart.address.country, cart.address.postal_code, Money(value, cart.currency), weight
        )


def compose(
    cart: Cart, offers: Mapping[UUID, Offer], levels: Mapping[UUID, int], quoted: Sequence[ShippingOffer]
) -> CartView:
    """`levels` are units that can be bought, `quoted` the shipping offers for the cart as it is."""
    active = cart.status is CartStatus.active
    lines: list[LineView] = []
    problems: list[CartProblem] = []
    items = 0
    for line in cart.lines:
        offer = offers.get(line.variant_id)
        available = levels.get(line.variant_id, 0)
        shown = _line(line, offer, available, cart.currency)
        items += shown.line_total.amount
        lines.append(shown)
        if active:
            _line_problems(line, offer, available, cart.currency, problems)
    shipping = _shipping(cart, quoted, problems) if cart.shipping is not None else None
    cost = shipping.price.amount if shipping is not None and shipping.price is not None else 0
    return CartView(
        cart.id,
        cart.currency,
        cart.status,
        cart.version,
        lines,
        Money(items, cart.currency),
        shipping,
        Money(items + cost, cart.currency),
        cart.email,
        cart.address,
        problems,
        _requirements(cart, shipping) if active else [],
    )


def _unit_price(line: CartLine, offer: Offer | None, currency: str) -> int:
    return offer.price.amount if offer is not None and offer.price.currency == currency else line.seen_price


def _line(line: CartLine, offer: Offer | None, available: int, currency: str) -> LineView:
    price = _unit_price(line, offer, currency)
    unit, whole = Money(price, currency), Money(price * line.quantity, currency)
    if offer is None:
        return LineView(line.id, line.variant_id, None, "", "", "", {}, line.quantity, unit, whole, 0)
    return LineView(
        line.id,
        line.variant_id,
        offer.product_id,
        offer.product_name,
        offer.product_slug,
        offer.sku,
        offer.options,
        line.quantity,
        unit,
        whole,
        available,
    )


def _line_problems(
    line: CartLine, offer: Offer | None, available: int, currency: str, problems: list[CartProblem]
) -> None:
    if offer is None or not offer.sold_in(currency):
        problems.append(_problem(line, "not_on_sale", "This is no longer sold."))
        return
    if available <= 0:
        problems.append(_problem(line, "out_of_stock", "This is sold out.", available=0))
    elif available < line.quantity:
        problems.append(_problem(line, "not_enough_stock", f"Only {available} left.", available=available))
    if offer.price.amount != line.seen_price:
        seen = Money(line.seen_price, currency)
        problems.append(_problem(line, "price_changed", "The price has changed.", seen=seen, price=offer.price))


def _problem(
    line: CartLine,
    code: str,
    detail: str,
    *,
    available: int | None = None,
    seen: Money | None = None,
    price: Money | None = None,
) -> CartProblem:
    return CartProblem(
        code=code,
        detail=detail,
        line_id=line.id,
        variant_id=line.variant_id,
        available=available,
        seen=seen,
        price=price,
    )


def _shipping(cart: Cart, quoted: Sequence[ShippingOffer], problems: list[CartProblem]) -> CartShippingView | None:
    choice: ShippingChoice | None = cart.shipping
    if choice is None:
        return None
    seen = Money(choice.seen_price, cart.currency)
    method = ShippingMethodView(choice.method_id, choice.code, choice.name, choice.days_min, choice.days_max)
    if cart.status is not CartStatus.active:
        return CartShippingView(method, seen)
    offer = next((offer for offer in quoted if offer.method_id == choice.method_id), None)
    if offer is None:
        problems.append(CartProblem(code="shipping_stale", detail="Choose another shipping method.", seen=seen))
        return CartShippingView(method, None)
    if offer.price != seen:
        detail = "The price of shipping has changed."
        problems.append(CartProblem(code="shipping_stale", detail=detail, seen=seen, price=offer.price))
    return CartShippingView(
        ShippingMethodView(offer.method_id, offer.code, offer.name, offer.days_min, offer.days_max), offer.price
    )


def _requirements(cart: Cart, shipping: CartShippingView | None) -> list[str]:
    missing = []
    if not cart.lines:
        missing.append("lines")
    if cart.email is None:
        missing.append("email")
    if cart.address is None:
        missing.append("address")
    if shipping is None or shipping.price is None:
        missing.append("shipping_method")
    return missing
