"""What staff reads of stock."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from merx.kernel.model import View
from merx.kernel.paging import Page


class LevelView(View, frozen=True):
    """One variant at one location; `available` is on hand less allocated."""

    location_id: UUID
    location: str
    on_hand: int
    allocated: int
    available: int


class VariantStock(View, frozen=True):
    variant_id: UUID
    on_hand: int
    allocated: int
    available: int
    locations: list[LevelView]


class AvailabilityView(View, frozen=True):
    variant_id: UUID
    available: int


class MovementView(View, frozen=True):
    """`on_hand` and `allocated` are changes, not levels."""

    id: UUID
    variant_id: UUID
    location_id: UUID
    kind: str
    on_hand: int
    allocated: int
    order_id: UUID | None
    reason: str
    actor: str
    at: datetime


class LowStock(View, frozen=True):
    variant_id: UUID
    available: int


class LocationView(View, frozen=True):
    id: UUID
    code: str
    name: str
    priority: int
    active: bool
    version: int


class Discrepancy(View, frozen=True):
    """A counter that its ledger or its allocations do not prove."""

    variant_id: UUID
    location_id: UUID
    on_hand: int
    ledger_on_hand: int
    allocated: int
    ledger_allocated: int
    promised: int


class InventoryQueries(Protocol):
    async def variant(self, variant_id: UUID) -> VariantStock:
        """Raises UnknownVariant."""
        ...

    async def movements(
        self, variant_id: UUID | None, limit: int, after: str | None, location_id: UUID | None = None
    ) -> Page[MovementView]:
        """Newest first; of one variant, at one location, when they are named."""
        ...

    async def low_stock(self, threshold: int, limit: int, after: str | None) -> Page[LowStock]:
        """Variants with at most `threshold` units left, in id order."""
        ...

    async def locations(self) -> list[LocationView]: ...

    async def discrepancies(self) -> list[Discrepancy]:
        """Empty when every counter is proved."""
        ...
