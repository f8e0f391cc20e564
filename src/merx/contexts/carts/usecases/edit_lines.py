"""A shopper puts things into the cart, changes how many, takes them out."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import msgspec

from merx.contexts.carts.domain.cart import MAX_QUANTITY, Attempt, Cart
from merx.contexts.carts.domain.errors import CartNotFound
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


class _CountedBefore(Exception):
    """Ends an edit that has nothing left to do."""


@dataclass(frozen=True, slots=True)
class AddLineHandler:
    """The busiest write of a shop: the catalogue is asked before the cart is locked.

    An attempt that was counted before adds nothing. Raises CartNotFound, KeyReused, and as `Cart.add`.
    """

    edits: CartEdits
    reads: CartReads
    offers: Offers
    screen: CartScreen
    clock: Clock

    async def __call__(
        self, visitor: Visitor, cart_id: UUID, cmd: AddLine, attempt: Attempt | None = None
    ) -> tuple[CartView, bool]:
        """The cart, and whether the attempt was counted before."""
        visitor.must_have_a_key()
        offers = await self.offers.find((cmd.variant_id,))
        now = self.clock.now()

        def add(cart: Cart) -> None:
            visitor.must_own(cart)
            if attempt is not None and not cart.first_time(attempt):
                raise _CountedBefore
            cart.add(offers.get(cmd.variant_id), cmd.quantity)
            cart.updated_at = now

        try:
            cart = await self.edits.edit(visitor.actor, cart_id, "carts.line-added", add)
        except _CountedBefore:
            found = await self.reads.find(cart_id)
            if found is None:
                raise CartNotFound from None
            return await self.screen.show(found, offers.values()), True
        return await self.screen.show(cart, offers.values()), False


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

        cart = await self.edits.edit(visitor.actor, cart_id, "carts.line-changed", change)
        return await self.screen.show(cart, offers.values())


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

        return await self.screen.show(await self.edits.edit(visitor.actor, cart_id, "carts.line-removed", remove))
