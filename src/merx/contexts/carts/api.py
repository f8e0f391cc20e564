"""What checkout may ask of carts."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

import msgspec

from merx.kernel.address import Address
from merx.kernel.ports import Transaction


class CartStatus(StrEnum):
    active = "active"
    completed = "completed"
    merged = "merged"


class CheckoutLine(msgspec.Struct, frozen=True):
    variant_id: UUID
    quantity: int


class CheckoutCart(msgspec.Struct, frozen=True):
    """A cart under lock. `shipping_method_id` is the shopper's choice; checkout quotes its price afresh."""

    id: UUID
    status: CartStatus
    customer_id: UUID | None
    currency: str
    email: str | None
    address: Address | None
    shipping_method_id: UUID | None
    lines: list[CheckoutLine]


class CartsApi(Protocol):
    async def lock(self, tx: Transaction, cart_ids: Sequence[UUID]) -> dict[UUID, CheckoutCart]:
        """Carts that exist, locked in id order until the transaction ends."""
        ...

    async def complete(self, tx: Transaction, cart_ids: Sequence[UUID], at: datetime) -> None:
        """Mark locked carts as turned into orders."""
        ...
