"""Whether what must always be true of the stored data is true now."""

import asyncio
from collections.abc import Callable, Sequence
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


class CheckInvariantsHandler:
    """Reads only, one after the other: a shop at work has its connections for customers. Who asks while a check is
    under way is given its report, and starts no second walk over the tables.
    """

    def __init__(self, invariants: Callable[[], Sequence[Invariant]], clock: Clock) -> None:
        self._invariants = invariants
        self._clock = clock
        self._under_way: asyncio.Task[InvariantReport] | None = None

    async def __call__(self) -> InvariantReport:
        if self._under_way is None or self._under_way.done():
            self._under_way = asyncio.create_task(self._check())
        # One who leaves takes the report from nobody else.
        return await asyncio.shield(self._under_way)

    async def _check(self) -> InvariantReport:
        checked_at = self._clock.now()
        found = [await self._checked(each) for each in sorted(self._invariants(), key=lambda each: each.name)]
        return InvariantReport(checked_at, all(each.holds for each in found), found)

    async def _checked(self, invariant: Invariant) -> InvariantView:
        try:
            broken = await invariant.broken(_NAMED)
        except Unavailable:
            return InvariantView(invariant.name, invariant.promise, None, [])
        return InvariantView(invariant.name, invariant.promise, not broken, broken[:_NAMED])
