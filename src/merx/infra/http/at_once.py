"""Answers that the protocol gives itself, in one write and before there is a task: those out of the byte cache, and
refusals of a process that is full. Whoever serves many pages makes few tasks, and a page does not wait for what the
tasks of others do in the same turn of the loop.
"""

from asyncio import AbstractEventLoop

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from merx.infra.http import server
from merx.infra.http.hits import Hits
from merx.infra.http.turned_away import TurnedAway


class AtOnce:
    def __init__(self, hits: Hits | None, away: TurnedAway) -> None:
        self._hits = hits
        self._away = away

    def answer(self, cycle: RequestResponseCycle, in_flight: int) -> bool:
        """False when nothing was written: then it is the frame that answers."""
        if not server.takes_one_write(cycle):
            return False
        if self._hits is not None and self._hits.answer(cycle):
            return True
        return in_flight >= self._away.load.asked_from and self._away.answer(cycle, in_flight)

    def watch(self, loop: AbstractEventLoop) -> None:
        """Know from now on how late this loop is."""
        self._away.load.lag.watch(loop)
