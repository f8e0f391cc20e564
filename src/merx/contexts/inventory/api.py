"""What other contexts may ask the inventory."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

import msgspec

from merx.kernel.model import Event
from merx.kernel.ports import Transaction


class AllocationRequest(msgspec.Struct, frozen=True):
    """All of `quantities` (variant id → units, each at least 1) or nothing."""

    order_id: UUID
    quantities: dict[UUID, int]


class Shortage(msgspec.Struct, frozen=True):
    variant_id: UUID
    wanted: int
    available: int


class AllocationOutcome(msgspec.Struct, frozen=True):
    """No shortages means allocated."""

    order_id: UUID
    shortages: tuple[Shortage, ...] = ()


class InventoryApi(Protocol):
    async def available(self, variant_ids: Sequence[UUID]) -> Mapping[UUID, int]:
        """Units that can be sold now; 0 for variants without stock."""
        ...

    async def allocate(
        self, tx: Transaction, requests: Sequence[AllocationRequest]
    ) -> tuple[list[AllocationOutcome], list[Event]]:
        """Promise stock to orders, first come first served in the order given, and the events to emit.

        Locks the stock rows in variant order until the transaction ends. Never promises more than there is.
        """
        ...
