"""What carts need of their storage."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol
from uuid import UUID

from merx.contexts.carts.domain.cart import Cart
from merx.kernel.actor import Actor
from merx.kernel.ports import UnitOfWork


class Carts(Protocol):
    async def lock(self, cart_id: UUID) -> Cart:
        """The cart as last committed, nobody else's to change until the transaction ends. Raises CartNotFound."""
        ...

    async def lock_pair(self, cart_id: UUID, customer_id: UUID) -> tuple[Cart, Cart | None]:
        """The cart, and the customer's active cart in the same currency unless it is that very cart.

        Locked in id order. Raises CartNotFound when the first does not exist.
        """
        ...

    async def add(self, cart: Cart) -> None:
        """Sets `version` to 1. Raises ActiveCartExists when the customer has one in this currency."""
        ...

    async def save(self, cart: Cart) -> None:
        """Write back a locked cart. Raises StaleVersion, ActiveCartExists."""
        ...

    async def forget_guests(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` carts of guests that nobody changed since that moment; returns how many.

        Never one that became an order, or that somebody holds right now.
        """
        ...


class CartsUow(UnitOfWork, Protocol):
    @property
    def carts(self) -> Carts: ...


CartsUowFactory = Callable[[], CartsUow]


class CartEdits(Protocol):
    """What a shopper does to one cart, as a transaction of its own."""

    async def edit(self, actor: Actor, cart_id: UUID, action: str, change: Callable[[Cart], None]) -> Cart:
        """Lock the cart, let `change` work on it, save, commit. Returns the cart as this edit left it.

        `action` is what the audit trail calls it when staff does it in the place of a customer.
        Raises CartNotFound and whatever `change` raises; then nothing is changed. `change` never waits, and may be
        called again on a fresh copy when a first attempt came to nothing.
        """
        ...
