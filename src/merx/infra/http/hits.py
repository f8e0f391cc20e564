"""Answers out of the byte cache before anything of the frame runs: no task, no routing, one write.

Only what is plain takes this way: a GET without a token (also none in a cookie), for a host already known, with few
headers and no body. Its URL was checked when its answer was made. Everything else meets the same cached answer in the
frame, after all checks and where the process has a place for it.
"""

from collections.abc import Callable
from time import perf_counter

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from merx.infra.cache import ByteCache, CachedResponse
from merx.infra.http import server
from merx.infra.http.asgi import Scope
from merx.infra.http.inbound import MAX_HEADERS, Hosts
from merx.infra.http.origins import VARY, Cors
from merx.infra.http.problems import RawHeaders
from merx.infra.http.request_ids import NewIds, given_id
from merx.infra.http.responses import not_modified

# A browser sends half of that; larger requests are counted exactly on the long way.
_FEW_BYTES = 4096
_END = b"\r\n\r\n"

Told = Callable[[Scope, dict[bytes, bytes], str, int, float], None]


class Hits:
    """`told(scope, headers, request_id, status, started)` hears of every answer."""

    def __init__(
        self,
        cache: ByteCache,
        hosts: Hosts,
        own_headers: RawHeaders,
        told: Told,
        token_cookie: bytes,
        cors: Cors | None,
        new_id: NewIds,
    ) -> None:
        self._cache = cache
        self._hosts = hosts
        self._own = own_headers if cors is None else [*own_headers, VARY]
        self._token_cookie = token_cookie
        # The end of a head, in which pages of each origin are told that they may read.
        self._ends = (
            {origin: b"\r\n%b\r\n" % lines for origin, lines in cors.lines.items()} if cors is not None else None
        )
        self._told = told
        self._new_id = new_id
        self._dates: RawHeaders = []
        self._date_lines = b""

    def answer(self, cycle: RequestResponseCycle) -> bool:
        """False when the request goes the long way."""
        scope: Scope = cycle.scope
        found = self._cache.get(_key(scope)) if scope["method"] == "GET" else None
        if found is None:
            return False
        started = perf_counter()
        headers: RawHeaders = scope["headers"]
        given = dict(headers)
        if (
            len(given) != len(headers)
            or b"authorization" in given
            # Whether a body is sound is known when it is there.
            or b"content-length" in given
            or b"transfer-encoding" in given
            or (b"cookie" in given and self._token_cookie in given[b"cookie"])
            or not self._hosts.knows(given.get(b"host"))
            or len(headers) > MAX_HEADERS
            or sum(map(len, given.values())) > _FEW_BYTES
        ):
            return False
        block = found.block or self._seal(found)
        if not block:
            return False
        named = given_id(given)
        if named is not None:
            request_id = named.decode()
        else:
            request_id = self._new_id()
            named = request_id.encode()
        if cycle.default_headers is not self._dates:
            self._dates = cycle.default_headers
            self._date_lines = server.header_lines(self._dates) + b"x-request-id: "
        status, body = 200, found.body
        if not_modified(found.etag, given.get(b"if-none-match")):
            status, body, block = 304, b"", self._unchanged(found)
        end = _END if self._ends is None else self._ends.get(given.get(b"origin"), _END)
        server.write(cycle, b"".join((block, self._date_lines, named, end, body)))
        self._told(scope, given, request_id, status, started)
        return True

    def _seal(self, found: CachedResponse) -> bytes:
        """The header block of this answer, made once; empty when it has to go uvicorn's own way."""
        if len(found.body) <= server.MAX_JOINED:
            found.block = server.header_block(200, (*found.headers, *self._own)) or b""
        return found.block

    def _unchanged(self, found: CachedResponse) -> bytes:
        kept = [item for item in found.headers if item[0] not in (b"content-type", b"content-length")]
        return server.header_block(304, (*kept, *self._own)) or b""


def _key(scope: Scope) -> bytes:
    raw_path: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    return raw_path + b"?" + query if query else raw_path
