"""The inventory in memory."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from merx.contexts.inventory.domain.errors import LocationTaken, UnknownVariant
from merx.contexts.inventory.domain.location import MAIN_LOCATION, Location
from merx.contexts.inventory.domain.stock import Allocation, Movement, MovementKind, Shelf, Stock
from merx.contexts.inventory.domain.write_off import WINDOW
from merx.contexts.inventory.ports.queries import (
    Discrepancy,
    LevelView,
    LocationView,
    LowStock,
    MovementView,
    VariantStock,
)
from merx.infra.clock import utc_now
from merx.infra.memory import MemoryRepository, MemoryStore, MemoryTx, MemoryUow
from merx.infra.outbox.events import OutboxWriter
from merx.kernel.ids import new_id
from merx.kernel.paging import Page, decode_id, page_of

STOCK, LOCATIONS, ALLOCATIONS, MOVEMENTS, CAUSES = (
    "inventory.stock",
    "inventory.location",
    "inventory.allocation",
    "inventory.movement",
    "inventory.movement_cause",
)


class MemoryStockLedger:
    def __init__(self, tx: MemoryTx) -> None:
        self._stock = tx.table(STOCK)
        self._locations = tx.table(LOCATIONS)
        self._allocations = tx.table(ALLOCATIONS)
        self._movements = tx.table(MOVEMENTS)
        self._causes = tx.table(CAUSES)

    def _by_priority(self) -> list[Location]:
        return sorted(self._locations.values(), key=lambda location: (location.priority, location.id))

    async def lock(self, variant_ids: Sequence[UUID]) -> Shelf:
        locations = self._by_priority()
        keys = [(v, location.id) for v in sorted(set(variant_ids)) for location in locations]
        closed = frozenset(location.id for location in locations if not location.active)
        return Shelf((row for row in map(self._stock.get, keys) if row is not None), closed)

    async def start(self, units: Mapping[UUID, int]) -> list[UUID]:
        fresh = await self.open(list(units))
        shelf = await self.lock(fresh)
        movements = [shelf.receive_first(variant_id, units[variant_id]) for variant_id in fresh if units[variant_id]]
        await self.write(shelf, movements)
        return fresh

    async def uncounted(self, variant_ids: Sequence[UUID]) -> list[UUID]:
        shelf = await self.lock(variant_ids)
        return [variant_id for variant_id in variant_ids if variant_id in shelf and shelf.never_counted(variant_id)]

    async def followed(self, cause: UUID) -> bool:
        return self._causes.get(cause) is not None

    async def written_off(self, variant_id: UUID, location_id: UUID) -> int:
        since = utc_now() - WINDOW
        ledger: Iterator[tuple[Movement, datetime]] = self._movements.values()
        gone = Counter[UUID]()
        for movement, at in ledger:
            alone = (movement.variant_id, movement.kind, movement.cause) == (variant_id, MovementKind.adjusted, None)
            if alone and movement.actor != "system" and at > since:
                gone[movement.location_id] -= movement.on_hand
        return sum(units if place == location_id else max(units, 0) for place, units in gone.items())

    async def open(self, variant_ids: Sequence[UUID], location_id: UUID | None = None) -> list[UUID]:
        locations = self._by_priority()
        active = [location for location in locations if location.active and location_id in (None, location.id)]
        fresh = []
        for variant_id in dict.fromkeys(variant_ids):
            kept = any(self._stock.get((variant_id, location.id)) is not None for location in locations)
            if not active or (location_id is None and kept):
                continue
            key = (variant_id, active[0].id)
            if self._stock.get(key) is None:
                self._stock.put(key, Stock(variant_id=variant_id, location_id=active[0].id))
                fresh.append(variant_id)
        return fresh

    async def allocations(self, order_id: UUID) -> list[Allocation]:
        found = [item for item in self._allocations.values() if item.order_id == order_id]
        return sorted(found, key=lambda item: (item.variant_id, item.location_id))

    def _put(self, shelf: Shelf, movements: Sequence[Movement], allocations: Sequence[Allocation]) -> None:
        for row in shelf.changed:
            self._stock.put((row.variant_id, row.location_id), row)
        for movement in movements:
            self._movements.put(new_id(), (movement, utc_now()))
            if movement.cause is not None:
                self._causes.put(movement.cause, True)
        for item in allocations:
            key = (item.order_id, item.variant_id, item.location_id)
            if item.quantity:
                self._allocations.put(key, item)
            else:
                self._allocations.delete(key)

    async def write(self, shelf: Shelf, movements: Sequence[Movement], allocations: Sequence[Allocation] = ()) -> None:
        self._put(shelf, movements, allocations)

    async def promise(self, shelf: Shelf, taken: Sequence[Allocation]) -> None:
        movements = [
            Movement(
                variant_id=item.variant_id,
                location_id=item.location_id,
                kind=MovementKind.allocated,
                allocated=item.quantity,
                order_id=item.order_id,
                actor="system",
            )
            for item in taken
        ]
        self._put(shelf, movements, taken)


def _with_main_location(store: MemoryStore) -> dict[UUID, Location]:
    """A shop has one place for its goods from the start; in the database a migration puts it there."""
    locations: dict[UUID, Location] = store.table(LOCATIONS)
    locations.setdefault(MAIN_LOCATION, Location(id=MAIN_LOCATION, version=1, code="main", name="Main location"))
    return locations


class MemoryInventoryUow(MemoryUow):
    def __init__(self, store: MemoryStore, outbox: OutboxWriter) -> None:
        super().__init__(store, outbox)
        _with_main_location(store)

    def open(self, tx: MemoryTx) -> None:
        self.stock = MemoryStockLedger(tx)
        self.locations = MemoryRepository[Location](
            LOCATIONS, tx, unique=[(lambda location: location.code, LocationTaken)]
        )


class MemoryInventoryQueries:
    def __init__(self, store: MemoryStore) -> None:
        self._stock: dict[tuple[UUID, UUID], Stock] = store.table(STOCK)
        self._locations = _with_main_location(store)
        self._allocations: dict[object, Allocation] = store.table(ALLOCATIONS)
        self._movements: dict[UUID, tuple[Movement, datetime]] = store.table(MOVEMENTS)

    def _levels(self) -> dict[UUID, int]:
        levels: dict[UUID, int] = {}
        for row in self._stock.values():
            if self._locations[row.location_id].active:
                levels[row.variant_id] = levels.get(row.variant_id, 0) + row.available
        return levels

    async def available(self, variant_ids: Sequence[UUID]) -> Mapping[UUID, int]:
        levels = self._levels()
        return {variant_id: levels.get(variant_id, 0) for variant_id in variant_ids}

    async def variant(self, variant_id: UUID) -> VariantStock:
        rows = [row for row in self._stock.values() if row.variant_id == variant_id]
        if not rows:
            raise UnknownVariant
        rows.sort(key=lambda row: (self._locations[row.location_id].priority, row.location_id))
        levels = [
            LevelView(row.location_id, self._locations[row.location_id].code, row.on_hand, row.allocated, row.available)
            for row in rows
        ]
        on_hand, allocated = sum(row.on_hand for row in rows), sum(row.allocated for row in rows)
        return VariantStock(variant_id, on_hand, allocated, on_hand - allocated, levels)

    async def movements(
        self, variant_id: UUID | None, limit: int, after: str | None, location_id: UUID | None = None
    ) -> Page[MovementView]:
        last = decode_id(after)
        found = sorted(
            (
                MovementView(
                    id_, m.variant_id, m.location_id, m.kind, m.on_hand, m.allocated, m.order_id, m.reason, m.actor, at
                )
                for id_, (m, at) in self._movements.items()
                if variant_id in (None, m.variant_id)
                and location_id in (None, m.location_id)
                and (last is None or id_ < last)
            ),
            key=lambda view: view.id,
            reverse=True,
        )
        return page_of(found, limit)

    async def low_stock(self, threshold: int, limit: int, after: str | None) -> Page[LowStock]:
        last = decode_id(after)
        found = [
            LowStock(variant_id, available)
            for variant_id, available in sorted(self._levels().items())
            if available <= threshold and (last is None or variant_id > last)
        ]
        return page_of(found, limit, lambda level: str(level.variant_id))

    async def locations(self) -> list[LocationView]:
        ordered = sorted(self._locations.values(), key=lambda location: (location.priority, location.id))
        return [LocationView(x.id, x.code, x.name, x.priority, x.active, x.version) for x in ordered]

    async def discrepancies(self) -> list[Discrepancy]:
        on_hand, allocated, promised = Counter[object](), Counter[object](), Counter[object]()
        for movement, _ in self._movements.values():
            place = (movement.variant_id, movement.location_id)
            on_hand[place] += movement.on_hand
            allocated[place] += movement.allocated
        for each in self._allocations.values():
            promised[each.variant_id, each.location_id] += each.quantity
        return [
            Discrepancy(*place, row.on_hand, on_hand[place], row.allocated, allocated[place], promised[place])
            for place, row in sorted(self._stock.items())
            if (row.on_hand, row.allocated, row.allocated) != (on_hand[place], allocated[place], promised[place])
        ]
