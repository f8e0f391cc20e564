"""Edits of carts, each in a transaction of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from merx.contexts.carts.domain.cart import Cart
from merx.contexts.carts.ports.repositories import CartsUowFactory


@dataclass(frozen=True, slots=True)
class SingleCartEdits:
    """Implements CartEdits on any storage."""

    uow: CartsUowFactory

    async def edit(self, cart_id: UUID, change: Callable[[Cart], None]) -> Cart:
        async with self.uow() as uow:
            cart = await uow.carts.lock(cart_id)
            change(cart)
            await uow.carts.save(cart)
            await uow.commit()
        return cart
