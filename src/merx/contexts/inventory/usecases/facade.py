"""InventoryApi: the decision in the domain, the rows through whatever storage the transaction belongs to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from merx.contexts.inventory.api import AllocationOutcome, AllocationRequest
from merx.contexts.inventory.domain.stock import Allocation
from merx.contexts.inventory.ports.repositories import Availability, StockLedgers
from merx.kernel.model import Event
from merx.kernel.ports import Clock, Transaction


@dataclass(frozen=True, slots=True)
class InventoryFacade:
    ledgers: StockLedgers
    levels: Availability
    clock: Clock

    async def available(self, variant_ids: Sequence[UUID]) -> Mapping[UUID, int]:
        return await self.levels.available(variant_ids)

    async def allocate(
        self, tx: Transaction, requests: Sequence[AllocationRequest]
    ) -> tuple[list[AllocationOutcome], list[Event]]:
        ledger = self.ledgers(tx)
        shelf = await ledger.lock(sorted({variant_id for request in requests for variant_id in request.quantities}))
        outcomes: list[AllocationOutcome] = []
        taken: list[Allocation] = []
        for request in requests:
            outcome, allocations = shelf.allocate(request)
            outcomes.append(outcome)
            taken += allocations
        if taken:
            await ledger.promise(shelf, taken)
        return outcomes, shelf.events(self.clock)
