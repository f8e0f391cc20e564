"""What order use cases need to write."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, Self
from uuid import UUID

from merx.contexts.orders.domain.order import Order
from merx.kernel.actor import Actor
from merx.kernel.ports import Repository, UnitOfWork


class Placements(Protocol):
    """New orders, set-wise."""

    async def insert(self, placed: Sequence[tuple[Order, Actor]]) -> None:
        """Each with who placed it, which begins its timeline.

        Raises Conflict when a cart became an order meanwhile, at the latest at the commit.
        """
        ...


class Timeline(Protocol):
    async def note(self, order_id: UUID, at: datetime, kind: str, actor: Actor, note: str = "") -> None:
        """One entry of an order's history, in the transaction of the change."""
        ...


class GuestOrders(Protocol):
    async def attach(self, email: str, customer_id: UUID) -> int:
        """Orders that guests placed with this e-mail become the customer's; returns how many. Case does not matter."""
        ...


class OrdersUow(UnitOfWork, Protocol):
    @property
    def orders(self) -> Repository[Order]: ...
    @property
    def placements(self) -> Placements: ...
    @property
    def timeline(self) -> Timeline: ...
    @property
    def guest_orders(self) -> GuestOrders: ...

    async def __aenter__(self) -> Self: ...


class OrdersUowFactory(Protocol):
    def __call__(self) -> OrdersUow: ...
