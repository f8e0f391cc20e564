"""Prices that were left within a day, in memory: the steps of a variant in the order in which they were made."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from merx.contexts.catalog.adapters.memory.tables import PRICE_STEPS
from merx.contexts.catalog.domain.price_limit import PriceStep
from merx.infra.memory import MemoryTx
from merx.kernel.money import Money


class MemoryPriceSteps:
    def __init__(self, tx: MemoryTx) -> None:
        self._rows = tx.table(PRICE_STEPS)

    async def stood(self, variant_ids: Sequence[UUID], since: datetime) -> Mapping[UUID, Money]:
        young = {variant_id: self._young(variant_id, since) for variant_id in variant_ids}
        return {variant_id: steps[0].before for variant_id, steps in young.items() if steps}

    async def add(self, steps: Sequence[PriceStep], since: datetime) -> None:
        for step in steps:
            self._rows.put(step.variant_id, [*self._young(step.variant_id, since), step])

    async def forget(self, variant_ids: Sequence[UUID]) -> None:
        for variant_id in variant_ids:
            self._rows.delete(variant_id)

    def _young(self, variant_id: UUID, since: datetime) -> list[PriceStep]:
        return [step for step in self._rows.get(variant_id) or () if step.at > since]
