"""Checkout: from a cart to an order, exact under any concurrency.

An offline method needs no provider, so prepare and finalise are one transaction: lock the carts, price them, promise
the stock, write orders, bills and events, keep the answers. The combiner runs it for all requests that wait.
Locks are taken in one order everywhere: cart → order → payment → stock.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from merx.contexts.orders.domain.errors import (
    CartChanged,
    CartIncomplete,
    PaymentMethodNotAvailable,
    ShippingNotAvailable,
    SoldOut,
)
from merx.contexts.orders.domain.number import new_number
from merx.contexts.orders.domain.order import WORDS, ChosenShipping, Order
from merx.contexts.orders.ports.neighbours import (
    Answers,
    Bill,
    Carts,
    LockedCart,
    Offer,
    OrderTokens,
    Payments,
    PriceList,
    Shipping,
    ShippingOffer,
    StockHolds,
    StockWish,
)
from merx.contexts.orders.ports.queries import OrderQueries, OrderView, PlacedOrder
from merx.contexts.orders.ports.repositories import OrdersUow, OrdersUowFactory
from merx.contexts.orders.usecases.commands import CheckoutAnswer, CheckoutRequest
from merx.contexts.orders.usecases.drafting import demand, line_of, opened, replay, requirements
from merx.kernel.audit import AuditEntry
from merx.kernel.errors import KeyReused
from merx.kernel.ids import new_id
from merx.kernel.money import Money, total
from merx.kernel.ports import Clock

_encoder = msgspec.json.Encoder()
CREATED, OK = 201, 200


@dataclass(frozen=True, slots=True)
class PlaceOrderBatch:
    """Answers a batch of checkouts in one transaction; a refused one is answered by its error and changes nothing."""

    uow: OrdersUowFactory
    clock: Clock
    carts: Carts
    prices: PriceList
    stock: StockHolds
    shipping: Shipping
    payments: Payments
    answers: Answers
    tokens: OrderTokens
    queries: OrderQueries

    async def __call__(
        self, requests: Sequence[CheckoutRequest], decided: Callable[[], None] = lambda: None
    ) -> list[CheckoutAnswer | Exception]:
        """`decided` is called when all is known but the stock, whose locks the database gives in turn: whoever waits
        for those of this batch may begin meanwhile."""
        results: list[CheckoutAnswer | Exception | None] = [None] * len(requests)
        now = self.clock.now()
        async with self.uow() as uow:
            carts = await self.carts.lock(uow.tx, sorted({request.command.cart_id for request in requests}))
            wanted = {line.variant_id for cart in carts.values() if cart.active for line in cart.lines}
            # Read beside the transaction, while that is asked for answers.
            offered = asyncio.create_task(self.prices.offers(list(wanted)))
            try:
                stored = await self.answers.find(uow.tx, [request.key for request in requests])
            except BaseException:
                offered.cancel()
                raise
            offers = await offered
            drafts: dict[int, Order] = {}
            ordering: dict[UUID, int] = {}
            sent: dict[tuple[str, str, str], bytes] = {}
            # A request for a cart that another one of the batch orders, or that was ordered before (None).
            repeats: dict[int, int | None] = {}
            for position, request in enumerate(requests):
                try:
                    # First of all: an answer kept for this key is for those who may open the cart, and for nobody else.
                    cart = opened(carts.get(request.command.cart_id), request)
                    answer = replay(stored[position])
                    if answer is not None:
                        results[position] = answer
                        continue
                    first = ordering.get(cart.id)
                    # Also of another cart: one answer is kept under a key.
                    if sent.get(request.key.name, request.key.fingerprint) != request.key.fingerprint:
                        raise KeyReused
                    if cart.completed or first is not None:
                        repeats[position] = first
                    else:
                        drafts[position] = await self._draft(request, cart, offers, now)
                        ordering[cart.id] = position
                        sent[request.key.name] = request.key.fingerprint
                except Exception as error:
                    results[position] = error
            decided()
            await self._promise(uow, drafts, results)
            await self._finalise(uow, requests, drafts, results, now)
            await uow.commit()
        await self._repeat(requests, repeats, results)
        return [result or RuntimeError("a checkout was left without an answer") for result in results]

    async def _draft(
        self, request: CheckoutRequest, cart: LockedCart, offers: Mapping[UUID, Offer], now: datetime
    ) -> Order:
        """What the cart costs now. Raises whatever keeps it from becoming an order."""
        if cart.email is None or cart.address is None or cart.shipping_method_id is None or not cart.lines:
            raise CartIncomplete(extra={"requirements": requirements(cart)})
        lines = [line_of(line.variant_id, line.quantity, offers, cart.currency) for line in cart.lines]
        items_total = total((line.line_total for line in lines), cart.currency)
        weight = sum(offers[line.variant_id].weight_grams * line.quantity for line in cart.lines)
        shipping = await self._shipping(cart.address.country, cart.address.postal_code, items_total, weight, cart)
        amount = items_total + shipping.price
        if amount != request.command.expected_total:
            raise CartChanged(
                f"the total is {amount} now",
                extra={"total": msgspec.to_builtins(amount), "items_total": msgspec.to_builtins(items_total)},
            )
        method = request.command.payment_method
        if not self.payments.offers(method, amount, cart.address.country):
            raise PaymentMethodNotAvailable
        return Order(
            id=new_id(),
            version=1,
            number=new_number(),
            cart_id=cart.id,
            customer_id=cart.customer_id,
            email=cart.email,
            address=cart.address,
            shipping=ChosenShipping(method_id=shipping.method_id, code=shipping.code, name=shipping.name),
            payment_method=method,
            payment_id=new_id(),
            items_total=items_total,
            shipping_total=shipping.price,
            total=amount,
            created_at=now,
            updated_at=now,
            lines=lines,
        )

    async def _shipping(
        self, country: str, postal_code: str, items_total: Money, weight: int, cart: LockedCart
    ) -> ShippingOffer:
        for offer in await self.shipping.offers(country, postal_code, items_total, weight):
            if offer.method_id == cart.shipping_method_id:
                return offer
        raise ShippingNotAvailable

    async def _promise(
        self, uow: OrdersUow, drafts: dict[int, Order], results: list[CheckoutAnswer | Exception | None]
    ) -> None:
        """Take the stock; orders that get none leave `drafts`."""
        if not drafts:
            return
        wishes = [StockWish(order.id, demand(order)) for order in drafts.values()]
        missing, events = await self.stock.allocate(uow.tx, wishes)
        uow.emit(*events)
        for position, gaps in zip(list(drafts), missing, strict=True):
            if gaps:
                del drafts[position]
                results[position] = SoldOut(extra={"variants": [msgspec.to_builtins(gap) for gap in gaps]})

    async def _finalise(
        self,
        uow: OrdersUow,
        requests: Sequence[CheckoutRequest],
        drafts: dict[int, Order],
        results: list[CheckoutAnswer | Exception | None],
        now: datetime,
    ) -> None:
        if not drafts:
            return
        orders = list(drafts.values())
        for position, order in drafts.items():
            uow.record(*AuditEntry.in_place(requests[position].actor, "orders.order-placed", order, hide=WORDS))
        uow.emit(*(order.place(now) for order in orders))
        await uow.placements.insert([(order, requests[position].actor) for position, order in drafts.items()])
        bills = [Bill(order.payment_id, order.id, order.payment_method, order.total) for order in orders]
        await self.payments.open(uow.tx, bills, now)
        await self.carts.complete(uow.tx, sorted(order.cart_id for order in orders), now)
        kept = []
        for position, order in drafts.items():
            body = self._body(msgspec.convert(order, OrderView, from_attributes=True))
            results[position] = CheckoutAnswer(CREATED, body, replayed=False)
            kept.append((requests[position].key, CREATED, body))
        await self.answers.keep(uow.tx, kept)

    async def _repeat(
        self,
        requests: Sequence[CheckoutRequest],
        repeats: dict[int, int | None],
        results: list[CheckoutAnswer | Exception | None],
    ) -> None:
        """A cart that became an order before answers with that order, whatever the key."""
        if not repeats:
            return
        views = await self.queries.of_carts(list({requests[position].command.cart_id for position in repeats}))
        for position, first in repeats.items():
            view = views.get(requests[position].command.cart_id)
            if view is not None:
                results[position] = CheckoutAnswer(OK, self._body(view), replayed=True)
            elif first is not None:
                # The twin in this batch was refused: this one is refused for the same reason.
                results[position] = results[first]

    def _body(self, view: OrderView) -> bytes:
        return _encoder.encode(PlacedOrder(view, self.tokens.issue(view.id), None))
