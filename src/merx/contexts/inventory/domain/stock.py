"""Who gets what: the decision about stock, apart from where the rows come from.

`on_hand` is what lies on the shelf, `allocated` what of it is promised to placed orders. `on_hand` falls when a parcel
leaves, so a picker always sees the number that is on the shelf.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from uuid import UUID

import msgspec

from merx.contexts.inventory.api import AllocationOutcome, AllocationRequest, Shortage
from merx.contexts.inventory.domain.errors import BelowPromised
from merx.contexts.inventory.events import StockChanged, StockLevel, StockRanOut, StockReturned
from merx.kernel.model import Event
from merx.kernel.ports import Clock


class Stock(msgspec.Struct, kw_only=True):
    """One variant at one location, under lock. `sequence` grows by one with every transaction that changes it."""

    variant_id: UUID
    location_id: UUID
    on_hand: int = 0
    allocated: int = 0
    sequence: int = 0

    @property
    def available(self) -> int:
        return self.on_hand - self.allocated

    def adjust(self, delta: int) -> None:
        """Count in or out. Raises BelowPromised."""
        if self.on_hand + delta < self.allocated:
            raise BelowPromised(f"{self.allocated} of {self.on_hand} units are promised to orders")
        self.on_hand += delta


class Allocation(msgspec.Struct, kw_only=True):
    """Units of one variant at one location promised to one order and not yet sent."""

    order_id: UUID
    variant_id: UUID
    location_id: UUID
    quantity: int


class Shelf:
    """The locked rows of some variants. Decisions change them in place; `changed` says which to write back.

    What lies at `closed` locations is counted but not sold.
    """

    def __init__(self, rows: Iterable[Stock], closed: frozenset[UUID] = frozenset()) -> None:
        self._rows: dict[UUID, list[Stock]] = {}
        self._open: dict[UUID, list[Stock]] = {}
        for row in rows:
            self._rows.setdefault(row.variant_id, []).append(row)
            if row.location_id not in closed:
                self._open.setdefault(row.variant_id, []).append(row)
        self._before = {variant_id: self.available(variant_id) for variant_id in self._rows}
        self._changed: dict[tuple[UUID, UUID], Stock] = {}

    def __contains__(self, variant_id: UUID) -> bool:
        return variant_id in self._rows

    def rows(self, variant_id: UUID) -> Sequence[Stock]:
        """At open locations, in the order in which these are used up."""
        return self._open.get(variant_id, ())

    def row(self, variant_id: UUID, location_id: UUID) -> Stock:
        """Of an open or closed location."""
        return next(row for row in self._rows[variant_id] if row.location_id == location_id)

    def never_counted(self, variant_id: UUID) -> bool:
        return all(row.sequence == 0 for row in self._rows.get(variant_id, ()))

    def available(self, variant_id: UUID) -> int:
        return sum(row.available for row in self.rows(variant_id))

    def touch(self, row: Stock) -> None:
        key = (row.variant_id, row.location_id)
        if key not in self._changed:
            row.sequence += 1
            self._changed[key] = row

    @property
    def changed(self) -> list[Stock]:
        return [self._changed[key] for key in sorted(self._changed)]

    def allocate(self, request: AllocationRequest) -> tuple[AllocationOutcome, list[Allocation]]:
        """All of an order or nothing. One location where possible, else as few as the order of locations gives."""
        shortages = tuple(
            Shortage(variant_id, wanted, self.available(variant_id))
            for variant_id, wanted in request.quantities.items()
            if self.available(variant_id) < wanted
        )
        if shortages:
            return AllocationOutcome(request.order_id, shortages), []
        taken = []
        for variant_id, wanted in request.quantities.items():
            rows = self.rows(variant_id)
            whole = next((row for row in rows if row.available >= wanted), None)
            left = wanted
            for row in [whole] if whole else rows:
                units = min(left, row.available)
                if units > 0:
                    row.allocated += units
                    self.touch(row)
                    taken.append(
                        Allocation(
                            order_id=request.order_id,
                            variant_id=variant_id,
                            location_id=row.location_id,
                            quantity=units,
                        )
                    )
                    left -= units
        return AllocationOutcome(request.order_id), taken

    def receive_first(self, variant_id: UUID, units: int) -> "Movement":
        """The units a variant starts with."""
        row = self.rows(variant_id)[0]
        row.adjust(units)
        self.touch(row)
        return Movement(
            variant_id=variant_id,
            location_id=row.location_id,
            kind=MovementKind.received,
            on_hand=units,
            reason="first stock",
            actor="system",
        )

    def give_back(
        self, allocations: Sequence[Allocation], quantities: Mapping[UUID, int], *, sent: bool
    ) -> list[Allocation]:
        """Take units off an order's allocations, because they were sent or because they are not wanted any more.

        Never more than is allocated. Returns what changed, as units.
        """
        moved = []
        left = dict(quantities)
        for allocation in allocations:
            units = min(left.get(allocation.variant_id, 0), allocation.quantity)
            if units <= 0:
                continue
            row = self.row(allocation.variant_id, allocation.location_id)
            row.allocated -= units
            if sent:
                row.on_hand -= units
            self.touch(row)
            allocation.quantity -= units
            left[allocation.variant_id] -= units
            moved.append(msgspec.structs.replace(allocation, quantity=units))
        return moved

    def events(self, clock: Clock) -> list[Event]:
        """What to tell of all changes so far."""
        if not self._changed:
            return []
        now = clock.now()
        variants = sorted({variant_id for variant_id, _ in self._changed})
        levels = tuple(
            StockLevel(variant_id, self.available(variant_id), sum(row.sequence for row in self._rows[variant_id]))
            for variant_id in variants
        )
        told: list[Event] = [StockChanged(at=now, levels=levels)]
        out = tuple(v for v in variants if self._before[v] > 0 >= self.available(v))
        back = tuple(v for v in variants if self._before[v] <= 0 < self.available(v))
        if out:
            told.append(StockRanOut(at=now, variant_ids=out))
        if back:
            told.append(StockReturned(at=now, variant_ids=back))
        return told


class MovementKind(StrEnum):
    """Names of the ledger's rows."""

    received = "received"
    adjusted = "adjusted"
    allocated = "allocated"
    released = "released"
    shipped = "shipped"


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the ledger. `on_hand` and `allocated` are the changes: their sums are the counters, always.

    `cause` is the event that a movement follows from: the same event never moves anything twice.
    """

    variant_id: UUID
    location_id: UUID
    kind: str
    on_hand: int = 0
    allocated: int = 0
    order_id: UUID | None = None
    reason: str = ""
    actor: str = ""
    cause: UUID | None = None
