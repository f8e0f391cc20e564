"""The rulebook as quotes use it: kept for seconds, because it is asked for with every cart and changes once a month."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from merx.contexts.shipping.domain.rulebook import Rulebook
from merx.contexts.shipping.ports.queries import ShippingQueries
from merx.kernel.ports import Clock

# How long another process may quote old rates after a change. Checkout compares totals, so nobody pays by surprise.
KEPT = timedelta(seconds=5)


@dataclass(slots=True)
class CurrentRules:
    """Shared by all quotes of a process; loaded once however many ask at the same moment."""

    queries: ShippingQueries
    clock: Clock
    _held: Rulebook | None = None
    _until: datetime | None = None
    _generation: int = 0
    _loading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def get(self) -> Rulebook:
        held = self._fresh()
        if held is not None:
            return held
        async with self._loading:
            held = self._fresh()
            if held is not None:
                return held
            generation = self._generation
            rules = await self.queries.rulebook()
            # A change that happened while we read must be seen by the next quote.
            if generation == self._generation:
                self._held, self._until = rules, self.clock.now() + KEPT
            return rules

    def forget(self) -> None:
        """After a change in this process."""
        self._generation += 1
        self._held = None

    def _fresh(self) -> Rulebook | None:
        if self._held is None or self._until is None or self.clock.now() >= self._until:
            return None
        return self._held
