"""What checkout needs from others, in its own words. `tx` is the one open transaction, passed on untouched."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from merx.kernel.address import Address
from merx.kernel.model import Event
from merx.kernel.money import Money
from merx.kernel.ports import Transaction


class CartLine(msgspec.Struct, frozen=True):
    variant_id: UUID
    quantity: int


class LockedCart(msgspec.Struct, frozen=True):
    id: UUID
    active: bool
    completed: bool
    customer_id: UUID | None
    currency: str
    email: str | None
    address: Address | None
    shipping_method_id: UUID | None
    lines: list[CartLine]


class Carts(Protocol):
    async def lock(self, tx: Transaction, cart_ids: Sequence[UUID]) -> dict[UUID, LockedCart]: ...

    async def complete(self, tx: Transaction, cart_ids: Sequence[UUID], at: datetime) -> None: ...


class Offer(msgspec.Struct, frozen=True):
    """What the catalogue asks for a variant now."""

    variant_id: UUID
    product_id: UUID
    name: str
    sku: str
    options: dict[str, str]
    price: Money
    on_sale: bool
    weight_grams: int


class PriceList(Protocol):
    async def offers(self, variant_ids: Sequence[UUID]) -> Mapping[UUID, Offer]: ...


class Missing(msgspec.Struct, frozen=True):
    """A variant of which there is less than wanted."""

    variant_id: UUID
    wanted: int
    available: int


class StockWish(msgspec.Struct, frozen=True):
    order_id: UUID
    quantities: dict[UUID, int]


class StockHolds(Protocol):
    async def allocate(
        self, tx: Transaction, wishes: Sequence[StockWish]
    ) -> tuple[list[tuple[Missing, ...]], list[Event]]:
        """Per wish what is missing (empty: promised), and the events to emit."""
        ...


class ShippingOffer(msgspec.Struct, frozen=True):
    method_id: UUID
    code: str
    name: str
    price: Money


class Shipping(Protocol):
    async def offers(
        self, country: str, postal_code: str, items_total: Money, weight_grams: int
    ) -> list[ShippingOffer]: ...


class Bill(msgspec.Struct, frozen=True):
    payment_id: UUID
    order_id: UUID
    method: str
    amount: Money


class Payments(Protocol):
    def offers(self, method: str, amount: Money, country: str) -> bool:
        """True when this offline method can pay the amount there."""
        ...

    async def open(self, tx: Transaction, bills: Sequence[Bill], at: datetime) -> None: ...


class RequestKey(msgspec.Struct, frozen=True):
    """An Idempotency-Key as one caller sent it with one body."""

    principal: str
    route: str
    key: str
    fingerprint: bytes

    @property
    def name(self) -> tuple[str, str, str]:
        """One answer is kept under it."""
        return self.principal, self.route, self.key


class StoredAnswer(msgspec.Struct, frozen=True):
    """What was answered before; `matches` is False when the key came with another body then."""

    matches: bool
    status: int
    body: bytes


class Answers(Protocol):
    """Answers of requests, kept in the same transaction as their effect."""

    async def find(self, tx: Transaction, keys: Sequence[RequestKey]) -> list[StoredAnswer | None]: ...

    async def keep(self, tx: Transaction, answers: Sequence[tuple[RequestKey, int, bytes]]) -> None:
        """Raises Conflict when one of the keys was answered meanwhile, at the latest at the commit."""
        ...


class OrderTokens(Protocol):
    def issue(self, order_id: UUID) -> str:
        """The guest token that opens this order; always the same for the same order."""
        ...
