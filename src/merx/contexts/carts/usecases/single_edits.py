"""Edits of carts, each in a transaction of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from merx.contexts.carts.domain.cart import SECRET, Cart
from merx.contexts.carts.ports.repositories import CartsUowFactory
from merx.kernel.actor import Actor
from merx.kernel.audit import AuditEntry, pictured_in_place


@dataclass(frozen=True, slots=True)
class SingleCartEdits:
    """Implements CartEdits on any storage."""

    uow: CartsUowFactory

    async def edit(self, actor: Actor, cart_id: UUID, action: str, change: Callable[[Cart], None]) -> Cart:
        async with self.uow() as uow:
            cart = await uow.carts.lock(cart_id)
            before = pictured_in_place(actor, cart, hide=SECRET)
            change(cart)
            await uow.carts.save(cart)
            uow.record(*AuditEntry.in_place(actor, action, cart, before=before, hide=SECRET))
            await uow.commit()
        return cart
