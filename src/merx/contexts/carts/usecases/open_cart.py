"""A shopper takes a cart."""

from dataclasses import dataclass
from uuid import UUID

from merx.contexts.carts.domain.cart import Cart
from merx.contexts.carts.domain.errors import ActiveCartExists, CartNotFound
from merx.contexts.carts.ports.queries import CartReads, CartView
from merx.contexts.carts.ports.repositories import CartsUowFactory
from merx.contexts.carts.usecases.access import Visitor
from merx.contexts.carts.usecases.screen import CartScreen
from merx.kernel.actor import Actor
from merx.kernel.audit import AuditEntry
from merx.kernel.ids import new_id
from merx.kernel.model import Command
from merx.kernel.money import CurrencyCode, exponent
from merx.kernel.ports import Clock


class OpenCart(Command, frozen=True):
    """Without a currency the shop's own."""

    currency: CurrencyCode | None = None


@dataclass(frozen=True, slots=True)
class OpenCartHandler:
    """A new cart for a guest; for a customer the active one in that currency, made when there is none.

    Returns the cart and whether it is new. Raises UnknownCurrency.
    """

    uow: CartsUowFactory
    reads: CartReads
    screen: CartScreen
    clock: Clock
    default_currency: str

    async def __call__(self, actor: Actor, cmd: OpenCart) -> tuple[CartView, bool]:
        customer_id = actor.customer_id
        currency = cmd.currency or self.default_currency
        exponent(currency)
        if customer_id is not None:
            own = await self.reads.current(customer_id, currency)
            if own is not None:
                return await self.screen.show(own, exact=True), False
        now = self.clock.now()
        cart = Cart(id=new_id(), currency=currency, customer_id=customer_id, created_at=now, updated_at=now)
        try:
            async with self.uow() as uow:
                await uow.carts.add(cart)
                uow.record(*AuditEntry.in_place(actor, "carts.cart-opened", cart))
                await uow.commit()
        except ActiveCartExists:
            own = await self.reads.current(customer_id, currency) if customer_id is not None else None
            if own is None:
                raise
            return await self.screen.show(own, exact=True), False
        return await self.screen.show(cart), True


@dataclass(frozen=True, slots=True)
class ReadCartHandler:
    """Raises CartNotFound, also for somebody else's cart."""

    reads: CartReads
    screen: CartScreen
    default_currency: str

    async def __call__(self, visitor: Visitor, cart_id: UUID) -> CartView:
        return await self.screen.show(await self.owned(visitor, cart_id), exact=True)

    async def owned(self, visitor: Visitor, cart_id: UUID) -> Cart:
        visitor.must_have_a_key()
        cart = await self.reads.find(cart_id)
        if cart is None:
            raise CartNotFound
        visitor.must_own(cart)
        return cart

    async def current(self, customer_id: UUID, currency: str | None) -> CartView:
        """The customer's active cart. Raises CartNotFound when there is none."""
        cart = await self.reads.current(customer_id, currency or self.default_currency)
        if cart is None:
            raise CartNotFound
        return await self.screen.show(cart, exact=True)
