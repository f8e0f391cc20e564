"""What the inventory's use cases need to write."""

from collections.abc import Mapping, Sequence
from typing import Protocol, Self
from uuid import UUID

from merx.contexts.inventory.domain.location import Location
from merx.contexts.inventory.domain.stock import Allocation, Movement, Shelf
from merx.kernel.ports import Repository, UnitOfWork


class StockLedger(Protocol):
    """Counters and the ledger that proves them. The ledger is the only writer of counters."""

    async def lock(self, variant_ids: Sequence[UUID]) -> Shelf:
        """All rows of these variants, locked in (variant, location) order until the transaction ends."""
        ...

    async def open(self, variant_ids: Sequence[UUID], location_id: UUID | None = None) -> list[UUID]:
        """Start keeping stock, at zero, where none is kept; at the first location when none is named.

        Returns the variants that are new.
        """
        ...

    async def start(self, units: Mapping[UUID, int]) -> list[UUID]:
        """Start keeping stock, with these units and their ledger row, where none is kept; at the first location.

        Returns the variants that are new.
        """
        ...

    async def uncounted(self, variant_ids: Sequence[UUID]) -> list[UUID]:
        """Those of which stock is kept but was never counted; without a lock, so look again under one."""
        ...

    async def followed(self, cause: UUID) -> bool:
        """Whether movements that follow from this event are in the ledger. Lock the stock first."""
        ...

    async def written_off(self, variant_id: UUID, location_id: UUID) -> int:
        """Units that people alone counted out within 24 hours at all locations, less those they counted in again.

        What was counted in somewhere is set against what left the same location only: units that are said to be at
        another one are no proof of where these are. So the answer may be below 0 at `location_id`. Lock the stock
        first.
        """
        ...

    async def allocations(self, order_id: UUID) -> list[Allocation]:
        """What is still promised to an order. Lock the stock first."""
        ...

    async def write(self, shelf: Shelf, movements: Sequence[Movement], allocations: Sequence[Allocation] = ()) -> None:
        """Changed counters, new ledger rows, and allocations as they stand now (quantity 0 removes one)."""
        ...

    async def promise(self, shelf: Shelf, taken: Sequence[Allocation]) -> None:
        """The same for new allocations of new orders, in as few statements as possible."""
        ...


class InventoryUow(UnitOfWork, Protocol):
    @property
    def stock(self) -> StockLedger: ...
    @property
    def locations(self) -> Repository[Location]: ...

    async def __aenter__(self) -> Self: ...


class InventoryUowFactory(Protocol):
    def __call__(self) -> InventoryUow: ...


class StockLedgers(Protocol):
    """The ledger inside another context's transaction."""

    def __call__(self, tx: object) -> StockLedger: ...


class Availability(Protocol):
    async def available(self, variant_ids: Sequence[UUID]) -> Mapping[UUID, int]: ...
