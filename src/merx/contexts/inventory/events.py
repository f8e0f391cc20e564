"""What others may hear of stock."""

from uuid import UUID

import msgspec

from merx.kernel.model import Event


class StockLevel(msgspec.Struct, frozen=True):
    """`available` over all locations. `sequence` grows with every change of the variant: ignore older ones."""

    variant_id: UUID
    available: int
    sequence: int


class StockChanged(Event, frozen=True, tag="inventory.stock-changed.v1"):
    levels: tuple[StockLevel, ...]


class StockRanOut(Event, frozen=True, tag="inventory.stock-ran-out.v1"):
    variant_ids: tuple[UUID, ...]


class StockReturned(Event, frozen=True, tag="inventory.stock-returned.v1"):
    variant_ids: tuple[UUID, ...]
