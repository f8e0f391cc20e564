"""A refusal before there is a request: under three times the load that a process can serve, two of three are refused,
and what each of them costs is taken from those that are served.
"""

import asyncio
import os
from collections.abc import Callable

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from merx.infra.http import server
from merx.infra.http.exchange import NO_ROUTE
from merx.infra.http.load import LoadGate
from merx.infra.http.problems import MEDIA_TYPE, Failure, RawHeaders
from merx.infra.http.request_ids import NewIds, given_id
from merx.infra.http.security import NO_STORE, POLICY
from merx.infra.metrics import RequestMetrics


class TurnedAway:
    """Answers for the protocol, in one piece. Such a request is counted and leaves no access line.

    `give_way` lets other threads have the core: at three times the load about seven in a hundred more are served so
    where the API has a core to itself (tests/bench/overload.py). On a shared core it also favours a neighbour who
    computes all the time.
    """

    def __init__(
        self,
        load: LoadGate,
        metrics: RequestMetrics,
        security: RawHeaders,
        new_id: NewIds,
        give_way: Callable[[], None] = os.sched_yield,
    ) -> None:
        self.load = load
        self._give_way = give_way
        self._metrics = metrics
        self._own: RawHeaders = [(b"content-type", MEDIA_TYPE.encode()), *security, NO_STORE, POLICY]
        self._blocks: dict[tuple[tuple[str, str], ...], bytes] = {}
        self._new_id = new_id
        self._lets_others_run = False

    def answer(self, cycle: RequestResponseCycle, in_flight: int) -> bool:
        """False for a request that has a place, or whose refusal has to be made with more care (HEAD, browsers)."""
        scope = cycle.scope
        if scope["method"] == "HEAD":
            return False
        by_name = dict(scope["headers"])
        if b"origin" in by_name or b"expect" in by_name:
            return False
        failure = self.load.refuses(scope, in_flight)
        if failure is None:
            return False
        given = given_id(by_name)
        request_id = self._new_id() if given is None else given.decode()
        body = failure.body(request_id)
        more = server.header_lines(
            [*cycle.default_headers, (b"content-length", b"%d" % len(body)), (b"x-request-id", request_id.encode())]
        )
        server.write(cycle, b"".join((self._block(failure), more, b"\r\n", body)))
        self._metrics.observe(scope["method"], NO_ROUTE, failure.status, 0.0)
        self._let_others_run()
        return True

    def _let_others_run(self) -> None:
        """Once in a turn of the loop the core goes to whoever computes for those that were let in: callers that come
        meanwhile are refused together, and the search is not held up for each of them. At once when nobody waits for
        the core.
        """
        if not self._lets_others_run:
            self._lets_others_run = True
            asyncio.get_running_loop().call_soon(self._yield_the_core)

    def _yield_the_core(self) -> None:
        self._lets_others_run = False
        self._give_way()

    def _block(self, failure: Failure) -> bytes:
        block = self._blocks.get(failure.headers)
        if block is None:
            block = server.header_block(failure.status, [*self._own, *failure.raw_headers()]) or b""
            self._blocks[failure.headers] = block
        return block
