"""Answers that the protocol gives itself, in one write and before there is a task: those out of the byte cache, and
refusals of a process that is full. Whoever serves many pages makes few tasks, and a page does not wait for what the
tasks of others do in the same turn of the loop.
"""

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from merx.infra.http import server
from merx.infra.http.hits import Hits
from merx.infra.http.turned_away import TurnedAway


class AtOnce:
    def __init__(self, hits: Hits | None, away: TurnedAway) -> None:
        self.away = away
        self._hits = hits

    def answer(self, cycle: RequestResponseCycle, in_flight: int) -> bool:
        """False when nothing was written: then it is the frame that answers."""
        if not server.takes_one_write(cycle):
            return False
        hits, away = self._hits, self.away
        if hits is not None and hits.answer(cycle):
            return True
        if in_flight < away.load.asked_from:
            return False
        # An answer that is there costs no more than a refusal, also where the frame has to look at the caller first.
        if hits is not None and hits.holds(cycle.scope):
            return False
        return away.answer(cycle, in_flight)
