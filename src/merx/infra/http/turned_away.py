"""A refusal before there is a request: under three times the load that a process can serve, two of three are refused,
and what each of them costs is taken from those that are served.
"""

import itertools
import secrets

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from merx.infra.http import server
from merx.infra.http.exchange import NO_ROUTE
from merx.infra.http.hits import Hits
from merx.infra.http.load import LoadGate
from merx.infra.http.problems import MEDIA_TYPE, Failure, RawHeaders
from merx.infra.http.request_ids import given_id
from merx.infra.http.security import NO_STORE, POLICY
from merx.infra.metrics import RequestMetrics


class TurnedAway:
    """Answers for the protocol, in one piece. Such a request is counted and leaves no access line.

    `hits`: an answer that is there already costs no more than a refusal.
    """

    def __init__(self, load: LoadGate, metrics: RequestMetrics, security: RawHeaders, hits: Hits | None) -> None:
        self.load = load
        self._hits = hits
        self._metrics = metrics
        self._own: RawHeaders = [(b"content-type", MEDIA_TYPE.encode()), *security, NO_STORE, POLICY]
        self._blocks: dict[tuple[tuple[str, str], ...], bytes] = {}
        self._id_prefix = secrets.token_hex(5)
        self._ids = itertools.count(1)

    def answer(self, cycle: RequestResponseCycle, in_flight: int) -> bool:
        """False for a request that has a place, or whose refusal has to be made with more care (HEAD, browsers)."""
        scope = cycle.scope
        if scope["method"] == "HEAD" or not cycle.keep_alive or cycle.flow.write_paused:
            return False
        by_name = dict(scope["headers"])
        if b"origin" in by_name or b"expect" in by_name:
            return False
        if self._hits is not None and self._hits.holds(scope):
            return False
        failure = self.load.refuses(scope, in_flight)
        if failure is None:
            return False
        given = given_id(by_name)
        request_id = f"{self._id_prefix}t{next(self._ids):x}" if given is None else given.decode()
        body = failure.body(request_id)
        more = server.header_lines(
            [*cycle.default_headers, (b"content-length", b"%d" % len(body)), (b"x-request-id", request_id.encode())]
        )
        server.write(cycle, b"".join((self._block(failure), more, b"\r\n", body)))
        self._metrics.observe(scope["method"], NO_ROUTE, failure.status, 0.0)
        return True

    def _block(self, failure: Failure) -> bytes:
        block = self._blocks.get(failure.headers)
        if block is None:
            block = server.header_block(failure.status, [*self._own, *failure.raw_headers()]) or b""
            self._blocks[failure.headers] = block
        return block
