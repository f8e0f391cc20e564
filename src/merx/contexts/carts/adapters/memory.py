"""Carts in memory, with the manners of PostgreSQL."""

import copy
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from merx.contexts.carts.api import CartStatus, CheckoutCart, CheckoutLine
from merx.contexts.carts.domain.cart import Cart
from merx.contexts.carts.domain.errors import ActiveCartExists, CartNotFound
from merx.infra.memory import MemoryRepository, MemoryStore, MemoryTx, MemoryUow, memory_tx
from merx.kernel.ports import Transaction

CARTS = "carts.cart"


def _active_of(cart: Cart) -> tuple[UUID, str] | None:
    if cart.customer_id is None or cart.status is not CartStatus.active:
        return None
    return cart.customer_id, cart.currency


class MemoryCarts:
    def __init__(self, tx: MemoryTx) -> None:
        self._rows = tx.table(CARTS)
        self._carts: MemoryRepository[Cart] = MemoryRepository(
            CARTS, tx, unique=((_active_of, ActiveCartExists),), missing=CartNotFound
        )

    async def lock(self, cart_id: UUID) -> Cart:
        return await self._carts.get(cart_id)

    async def lock_pair(self, cart_id: UUID, customer_id: UUID) -> tuple[Cart, Cart | None]:
        named = await self._carts.get(cart_id)
        wanted = (customer_id, named.currency)
        own = (cart for cart in self._rows.values() if _active_of(cart) == wanted and cart.id != cart_id)
        return named, next(own, None)

    async def add(self, cart: Cart) -> None:
        await self._carts.add(cart)

    async def save(self, cart: Cart) -> None:
        await self._carts.save(cart)

    async def forget_guests(self, before: datetime, limit: int) -> int:
        old = [
            cart
            for cart in self._rows.values()
            if cart.customer_id is None and cart.status is not CartStatus.completed and cart.updated_at < before
        ]
        old.sort(key=lambda cart: cart.created_at)
        for cart in old[:limit]:
            self._rows.delete(cart.id)
        return len(old[:limit])


class MemoryCartsUow(MemoryUow):
    carts: MemoryCarts

    def open(self, tx: MemoryTx) -> None:
        self.carts = MemoryCarts(tx)


class MemoryCartReads:
    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def find(self, cart_id: UUID) -> Cart | None:
        return copy.deepcopy(self._store.table(CARTS).get(cart_id))

    async def current(self, customer_id: UUID, currency: str) -> Cart | None:
        carts = self._store.table(CARTS).values()
        return copy.deepcopy(next((cart for cart in carts if _active_of(cart) == (customer_id, currency)), None))


class MemoryCheckoutCarts:
    """Implements CartsApi on the caller's transaction."""

    async def lock(self, tx: Transaction, cart_ids: Sequence[UUID]) -> dict[UUID, CheckoutCart]:
        table = memory_tx(tx).table(CARTS)
        carts = (table.get(cart_id) for cart_id in sorted(set(cart_ids)))
        return {cart.id: _checkout_cart(cart) for cart in carts if cart is not None}

    async def complete(self, tx: Transaction, cart_ids: Sequence[UUID], at: datetime) -> None:
        table = memory_tx(tx).table(CARTS)
        for cart_id in cart_ids:
            cart: Cart | None = table.get(cart_id)
            if cart is not None and cart.status is CartStatus.active:
                cart.status, cart.completed_at, cart.updated_at = CartStatus.completed, at, at
                cart.version += 1
                table.put(cart_id, cart)


def _checkout_cart(cart: Cart) -> CheckoutCart:
    return CheckoutCart(
        cart.id,
        cart.status,
        cart.customer_id,
        cart.currency,
        cart.email,
        cart.address,
        cart.shipping.method_id if cart.shipping is not None else None,
        [CheckoutLine(line.variant_id, line.quantity) for line in cart.lines],
    )
