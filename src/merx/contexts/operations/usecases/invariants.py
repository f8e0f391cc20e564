"""Whether what must always be true of the stored data is true now."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from merx.kernel.errors import Unavailable
from merx.kernel.invariants import Invariant
from merx.kernel.model import View
from merx.kernel.ports import Clock

# Whoever has more broken things than that needs the first ones only.
_NAMED = 20


class InvariantView(View, frozen=True):
    """`holds` is None when the database could not answer in time. `broken` has the first twenty exceptions."""

    name: str
    promise: str
    holds: bool | None
    broken: list[str]


class InvariantReport(View, frozen=True):
    """`hold`: each one was checked and is true."""

    checked_at: datetime
    hold: bool
    invariants: list[InvariantView]


@dataclass(frozen=True, slots=True)
class CheckInvariantsHandler:
    """Reads only. One after the other: a shop at work has its connections for customers."""

    invariants: Callable[[], Sequence[Invariant]]
    clock: Clock

    async def __call__(self) -> InvariantReport:
        checked_at = self.clock.now()
        found = [await self._checked(each) for each in sorted(self.invariants(), key=lambda each: each.name)]
        return InvariantReport(checked_at, all(each.holds for each in found), found)

    async def _checked(self, invariant: Invariant) -> InvariantView:
        try:
            broken = await invariant.broken(_NAMED)
        except Unavailable:
            return InvariantView(invariant.name, invariant.promise, None, [])
        return InvariantView(invariant.name, invariant.promise, not broken, broken[:_NAMED])
