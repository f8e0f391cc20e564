"""A shopper says where the goods go and how."""

from dataclasses import dataclass
from uuid import UUID

from merx.contexts.carts.domain.cart import Cart
from merx.contexts.carts.domain.errors import ShippingNotOffered
from merx.contexts.carts.ports.queries import CartView, ShippingOptionView
from merx.contexts.carts.ports.repositories import CartEdits
from merx.contexts.carts.usecases.access import Visitor
from merx.contexts.carts.usecases.open_cart import ReadCartHandler
from merx.contexts.carts.usecases.screen import CartScreen
from merx.kernel.address import Address, Email, PostalRules
from merx.kernel.model import Command
from merx.kernel.ports import Clock


class SetAddress(Command, frozen=True):
    """`email` is where the confirmation of the order goes."""

    email: Email
    address: Address


class ChooseShipping(Command, frozen=True):
    method_id: UUID


@dataclass(frozen=True, slots=True)
class SetAddressHandler:
    """A shipping choice stays; when it is not offered at the new address the answer says so. Raises CartNotFound,
    CartClosed, InvalidAddress.
    """

    edits: CartEdits
    screen: CartScreen
    clock: Clock
    postal: PostalRules

    async def __call__(self, visitor: Visitor, cart_id: UUID, cmd: SetAddress) -> CartView:
        visitor.must_have_a_key()
        address = self.postal.settled(cmd.address)
        now = self.clock.now()

        def deliver(cart: Cart) -> None:
            visitor.must_own(cart)
            cart.deliver_to(cmd.email, address)
            cart.updated_at = now

        cart = await self.edits.edit(visitor.actor, cart_id, "carts.address-set", deliver)
        return await self.screen.show(cart, exact=True)


@dataclass(frozen=True, slots=True)
class ListShippingOptionsHandler:
    """Cheapest first. Raises CartNotFound, AddressMissing."""

    read_cart: ReadCartHandler
    screen: CartScreen

    async def __call__(self, visitor: Visitor, cart_id: UUID) -> list[ShippingOptionView]:
        cart = await self.read_cart.owned(visitor, cart_id)
        return [
            ShippingOptionView(offer.method_id, offer.code, offer.name, offer.price, offer.days_min, offer.days_max)
            for offer in await self.screen.shipping_offers(cart)
        ]


@dataclass(frozen=True, slots=True)
class ChooseShippingHandler:
    """Raises CartNotFound, CartClosed, AddressMissing, ShippingNotOffered."""

    edits: CartEdits
    read_cart: ReadCartHandler
    screen: CartScreen
    clock: Clock

    async def __call__(self, visitor: Visitor, cart_id: UUID, cmd: ChooseShipping) -> CartView:
        seen = await self.read_cart.owned(visitor, cart_id)
        seen.must_be_active()
        # Quoted for the cart as it was a moment ago. When it changes meanwhile, the answer tells of the other price.
        quoted = await self.screen.shipping_offers(seen)
        offer = next((offer for offer in quoted if offer.method_id == cmd.method_id), None)
        if offer is None:
            raise ShippingNotOffered
        now = self.clock.now()

        def ship(cart: Cart) -> None:
            visitor.must_own(cart)
            cart.ship_with(offer)
            cart.updated_at = now

        cart = await self.edits.edit(visitor.actor, cart_id, "carts.shipping-chosen", ship)
        return await self.screen.show(cart, exact=True)
