"""A guest signs in and keeps what was in the cart."""

from dataclasses import dataclass
from uuid import UUID

import msgspec

from merx.contexts.carts.api import CartStatus
from merx.contexts.carts.domain.cart import SECRET, Cart
from merx.contexts.carts.domain.errors import ActiveCartExists, CartNotFound
from merx.contexts.carts.domain.merge import Added, MergeResult, merge
from merx.contexts.carts.domain.offer import Offer
from merx.contexts.carts.ports.neighbours import Offers, StockLevels
from merx.contexts.carts.ports.queries import CartReads, CartView
from merx.contexts.carts.ports.repositories import CartsUow, CartsUowFactory
from merx.contexts.carts.usecases.screen import CartScreen
from merx.kernel.actor import Actor
from merx.kernel.audit import AuditEntry, pictured_in_place
from merx.kernel.errors import Unauthenticated
from merx.kernel.model import Command
from merx.kernel.ports import Clock


class MergeCarts(Command, frozen=True):
    """`cart_id` is the guest's cart; its token travels in `X-Cart-Token`."""

    cart_id: UUID


@dataclass(frozen=True, slots=True)
class MergeCartsHandler:
    """One transaction, both carts locked in id order. A customer without a cart in that currency takes the guest's.

    Either way the guest's token opens nothing afterwards. Asking again answers the customer's cart with nothing added.
    Raises Unauthenticated, CartNotFound (also for a wrong token), CartClosed.
    """

    uow: CartsUowFactory
    reads: CartReads
    offers: Offers
    stock: StockLevels
    screen: CartScreen
    clock: Clock

    async def __call__(self, actor: Actor, holds_token: bool, cmd: MergeCarts) -> CartView:
        if actor.customer_id is None:
            raise Unauthenticated
        if not holds_token:
            raise CartNotFound
        offers = await self._offers(cmd.cart_id)
        try:
            cart, result = await self._merge(actor, actor.customer_id, cmd.cart_id, offers)
        except ActiveCartExists:
            # The customer opened a cart in another window at this very moment: now it is there to be merged into.
            cart, result = await self._merge(actor, actor.customer_id, cmd.cart_id, offers)
        view = await self.screen.show(cart, exact=True)
        return msgspec.structs.replace(view, merge_result=result)

    async def _offers(self, cart_id: UUID) -> dict[UUID, Offer | None]:
        """Looked up before the lock: None for what is gone. A line added meanwhile is simply not judged."""
        guest = await self.reads.find(cart_id)
        if guest is None:
            raise CartNotFound
        wanted = [line.variant_id for line in guest.lines]
        if not wanted:
            return {}
        found = await self.offers.find(wanted)
        levels = await self.stock.available(wanted)
        return {
            key: msgspec.structs.replace(found[key], available=levels.get(key, 0)) if key in found else None
            for key in wanted
        }

    async def _merge(
        self, actor: Actor, customer_id: UUID, cart_id: UUID, offers: dict[UUID, Offer | None]
    ) -> tuple[Cart, MergeResult]:
        async with self.uow() as uow:
            guest, own = await uow.carts.lock_pair(cart_id, customer_id)
            if guest.customer_id == customer_id:
                return guest, MergeResult()
            if guest.customer_id is not None:
                raise CartNotFound
            if guest.status is CartStatus.merged:
                if own is not None and own.id == guest.merged_into:
                    return own, MergeResult()
                raise CartNotFound
            guest.must_be_active()
            changed = [guest] if own is None else [guest, own]
            before = [pictured_in_place(actor, cart, hide=SECRET) for cart in changed]
            result = (
                await self._take(uow, customer_id, guest) if own is None else await self._add(uow, guest, own, offers)
            )
            for cart, picture in zip(changed, before, strict=True):
                uow.record(*AuditEntry.in_place(actor, "carts.cart-merged", cart, before=picture, hide=SECRET))
            await uow.commit()
            return own or guest, result

    async def _take(self, uow: CartsUow, customer_id: UUID, guest: Cart) -> MergeResult:
        guest.customer_id = customer_id
        guest.updated_at = self.clock.now()
        await uow.carts.save(guest)
        return MergeResult(added=[Added(line.variant_id, line.quantity) for line in guest.lines])

    async def _add(self, uow: CartsUow, guest: Cart, own: Cart, offers: dict[UUID, Offer | None]) -> MergeResult:
        result = merge(guest, own, offers)
        guest.updated_at = own.updated_at = self.clock.now()
        await uow.carts.save(guest)
        await uow.carts.save(own)
        return result
