"""A shopper puts things into the cart, changes how many, takes them out."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import msgspec

from merx.contexts.carts.domain.cart import MAX_QUANTITY, Cart
from merx.contexts.carts.ports.neighbours import Offers
from merx.contexts.carts.ports.queries import CartReads, CartView
from merx.contexts.carts.ports.repositories import CartEdits
from merx.contexts.carts.usecases.access import Visitor
from merx.contexts.carts.usecases.screen import CartScreen
from merx.kernel.model import Command
from merx.kernel.ports import Clock

Quantity = Annotated[int, msgspec.Meta(ge=1, le=MAX_QUANTITY)]


class AddLine(Command, frozen=True):
    """The same variant again adds up."""

    variant_id: UUID
    quantity: Quantity = 1


class ChangeLine(Command, frozen=True):
    quantity: Quantity


@dataclass(frozen=True, slots=True)
class AddLineHandler:
    """The busiest write of a shop: the catalogue is asked before the cart is locked.

    Raises CartNotFound, and as `Cart.add`.
    """

    edits: CartEdits
    offers: Offers
    screen: CartScreen
    clock: Clock

    async def __call__(self, visitor: Visitor, cart_id: UUID, cmd: AddLine) -> CartView:
        visitor.must_have_a_key()
        offers = await self.offers.find((cmd.variant_id,))
        now = self.clock.now()

        def add(cart: Cart) -> None:
            visitor.must_own(cart)
            cart.add(offers.get(cmd.variant_id), cmd.quantity)
            cart.updated_at = now

        return await self.screen.show(await self.edits.edit(cart_id, add), offers.values())


@dataclass(frozen=True, slots=True)
class ChangeLineHandler:
    """Raises CartNotFound, LineNotFound, and as `Cart.change`."""

    edits: CartEdits
    reads: CartReads
    offers: Offers
    screen: CartScreen
    clock: Clock

    async def __call__(self, visitor: Visitor, cart_id: UUID, line_id: UUID, cmd: ChangeLine) -> CartView:
        visitor.must_have_a_key()
        # Which variant a line holds never changes, so it may be read before the cart is locked.
        seen = await self.reads.find(cart_id)
        line = next((line for line in seen.lines if line.id == line_id), None) if seen is not None else None
        offers = await self.offers.find((line.variant_id,)) if line is not None else {}
        offer = offers.get(line.variant_id) if line is not None else None
        now = self.clock.now()

        def change(cart: Cart) -> None:
            visitor.must_own(cart)
            cart.change(line_id, cmd.quantity, offer)
            cart.updated_at = now

        return await self.screen.show(await self.edits.edit(cart_id, change), offers.values())


@dataclass(frozen=True, slots=True)
class RemoveLineHandler:
    """Raises CartNotFound, LineNotFound, CartClosed."""

    edits: CartEdits
    screen: CartScreen
    clock: Clock

    async def __call__(self, visitor: Visitor, cart_id: UUID, line_id: UUID) -> CartView:
        visitor.must_have_a_key()
        now = self.clock.now()

        def remove(cart: Cart) -> None:
            visitor.must_own(cart)
            cart.remove(line_id)
            cart.updated_at = now

        return await self.screen.show(await self.edits.edit(cart_id, remove))
