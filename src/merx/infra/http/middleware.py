"""The one layer in front of Litestar, as one function: it costs a few µs where the built-in layers cost 450.

In order: a place among the requests in flight, request id, URL and header limits, host, preflight, token and whether a
change by cookie was wanted, cached answer, rate limit, body; then the application; on the way out the security headers,
the access line and the metrics. What is refused here gets the same problem+json as anything else.
"""

from time import perf_counter, time

import msgspec
from litestar.utils.scope.state import ScopeState

from merx.infra.cache import ByteCache
from merx.infra.http.access import AccessLine, AccessLog
from merx.infra.http.asgi import AsgiApp, Receive, Scope, Send, pass_on, send_answer, send_failure
from merx.infra.http.at_once import AtOnce
from merx.infra.http.auth import refusal_of
from merx.infra.http.bodies import BodyGate, replay
from merx.infra.http.callers import Authenticator, caller_address
from merx.infra.http.cookies import BY_COOKIE, SAFE_METHODS, CookieMode
from merx.infra.http.errors import FORBIDDEN, failure_of, note
from merx.infra.http.exchange import ANYBODY, NO_ROUTE, Exchange
from merx.infra.http.hits import Hits
from merx.infra.http.inbound import Hosts, Refused, check_headers, check_url
from merx.infra.http.limits import Limited, RateLimits
from merx.infra.http.load import LoadGate
from merx.infra.http.on_record import REFUSED_AS, OnRecord
from merx.infra.http.origins import VARY, Cors, is_preflight, preflight
from merx.infra.http.request_ids import NewIds, given_id
from merx.infra.http.responses import CACHE, CACHE_BEGAN, CACHE_KEY, IF_NONE_MATCH, send_cached
from merx.infra.http.security import POLICY, security_headers
from merx.infra.http.server import has_come, short_way
from merx.infra.http.shown_paths import FROM_CACHE
from merx.infra.http.turned_away import TurnedAway
from merx.infra.logging import REQUEST_ID
from merx.infra.metrics import RequestMetrics
from merx.kernel.actor import Actor
from merx.kernel.errors import Unauthenticated

_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_READS = ("GET", "HEAD")

# The client closed the connection before there was an answer (the number nginx uses in its logs).
CLIENT_GONE = 499


class FrameParts(msgspec.Struct, frozen=True, kw_only=True):
    """What the layer works with. `any_host` paths are asked by address, by probes that know no name. Below `sign_in` a
    cookie that is good no more is nobody's, so that one can sign in again.
    """

    callers: Authenticator
    hosts: Hosts
    bodies: BodyGate
    metrics: RequestMetrics
    access: AccessLog | None = None
    cache: ByteCache | None = None
    https: bool = False
    proxies: int = 0
    any_host: frozenset[str] = frozenset()
    limits: RateLimits | None = None
    load: LoadGate
    cookies: CookieMode
    cors: Cors | None = None
    sign_in: str = "/auth/"
    record: OnRecord


class Frame:
    """ASGI middleware."""

    def __init__(self, app: AsgiApp, parts: FrameParts) -> None:
        self._app = app
        self._parts = parts
        self._cache = parts.cache if parts.cache is not None and parts.cache.enabled else None
        self._security = security_headers(https=parts.https)
        self._new_id = NewIds()
        self._hits = (
            Hits(
                self._cache,
                parts.hosts,
                [*self._security, POLICY],
                self._hit,
                parts.cookies.access_name,
                parts.cors,
                self._new_id,
            )
            if self._cache is not None
            else None
        )
        # For the protocol in front of it.
        refusing = [*self._security, VARY] if parts.cors is not None else self._security
        self.at_once = AtOnce(self._hits, TurnedAway(parts.load, parts.metrics, refusing, self._new_id))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await pass_on(self._app, scope, receive, send)
            return
        # Of several requests in one piece of data the protocol answers one.
        if self._hits is not None and (cycle := short_way(send)) is not None and self._hits.answer(cycle):
            return
        exchange = Exchange(scope, send, self._new_id(), self._security, self._parts.cors)
        metrics = self._parts.metrics
        load = self._parts.load
        if metrics.in_flight >= load.asked_from:
            full = load.refuses(scope, metrics.in_flight)
            if full is not None:
                await send_failure(exchange.send, full, exchange.request_id)
                self._record(exchange, scope)
                return
        metrics.in_flight += 1
        try:
            await self._handle(exchange, scope, receive)
        except Refused as refused:
            await send_failure(exchange.send, refused.failure, exchange.request_id)
        except Exception as error:
            failure = failure_of(error)
            if isinstance(error, Limited):
                exchange.taken = error.taken
            note(failure, error, exchange.request_id)
            if exchange.begun:
                raise
            scope.setdefault("state", {})[REFUSED_AS] = failure.slug
            await send_failure(exchange.send, failure, exchange.request_id)
        finally:
            metrics.in_flight -= 1
            self._record(exchange, scope)
        if exchange.status == FORBIDDEN:
            await self._parts.record.refused(exchange.method, scope)

    def _look_over(self, exchange: Exchange, scope: Scope, path: str) -> bytes:
        """The path as it was sent. Raises Refused."""
        by_name = exchange.by_name
        if (given := given_id(by_name)) is not None:
            exchange.request_id = given.decode()
        REQUEST_ID.set(exchange.request_id)
        check_headers(scope["headers"], by_name)
        raw_path: bytes = scope.get("raw_path") or path.encode()
        check_url(raw_path, scope["query_string"])
        if path not in self._parts.any_host:
            self._parts.hosts.check(by_name.get(b"host"))
        return raw_path

    async def _handle(self, exchange: Exchange, scope: Scope, receive: Receive) -> None:
        parts = self._parts
        by_name = exchange.by_name
        path: str = scope["path"]
        raw_path = self._look_over(exchange, scope, path)
        if exchange.method == "OPTIONS" and is_preflight(by_name):
            await send_answer(exchange.send, 204, preflight(parts.cors, by_name[b"origin"]))
            return
        client = scope.get("client")
        address: str = client[0] if client else ""
        if parts.proxies:
            address = caller_address(scope, by_name.get(b"x-forwarded-for"), parts.proxies)
        limits = parts.limits if path not in parts.any_host else None
        try:
            actor = await self._caller(exchange, scope, path, address)
        except Exception as error:
            if limits is not None and isinstance(error, Unauthenticated):
                limits.stranger(address)
            raise refusal_of(error) from error.__cause__
        exchange.who = actor.kind
        state = scope.setdefault("state", {})
        state["actor"] = actor
        state["request_id"] = exchange.request_id
        if parts.proxies:
            state["client"] = address
        if exchange.method in _WITH_BODY:
            if limits is not None:
                exchange.taken = await limits.write(exchange.method, path, actor, address, by_name)
            if by_name.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in by_name:
                body = await self._body(exchange, path, receive, actor)
                if body is None:
                    return
                # Where Litestar keeps a body once it has put it together.
                ScopeState.from_scope(scope).body = body
                receive = replay(body, receive)
            if actor.impersonator is not None:
                await parts.record.in_place(actor, exchange.method, path)
        elif (
            self._cache is not None
            and exchange.method in _READS
            and not actor.is_staff
            and await self._from_cache(self._cache, raw_path, scope, exchange)
        ):
            return
        elif limits is not None:
            exchange.taken = await limits.any_read(path, actor, address, by_name)
        if exchange.method == "HEAD":
            # Routes declare GET; a HEAD is the same without the body.
            inner = {**scope, "method": "GET"}
            await self._app(inner, receive, exchange.send)
            scope["path_template"] = inner.get("path_template", NO_ROUTE)
        else:
            await self._app(scope, receive, exchange.send)

    async def _caller(self, exchange: Exchange, scope: Scope, path: str, address: str) -> Actor:
        """Raises Unauthenticated, and Forbidden for a change by cookie that no page of the shop wanted."""
        callers, request_id = self._parts.callers, exchange.request_id
        authorization = exchange.by_name.get(b"authorization")
        if authorization is not None:
            if callers.is_key(authorization):
                return await callers.key_holder(authorization, request_id, address)
            return await callers.with_rights(callers.actor(authorization, request_id, address))
        cookie = exchange.by_name.get(b"cookie")
        if cookie is not None:
            cookies = self._parts.cookies
            try:
                token = cookies.access(cookie)
                actor = callers.actor(None if token is None else b"Bearer " + token, request_id, address)
                actor = await callers.with_rights(actor)
            except Unauthenticated:
                if not path.startswith(self._parts.sign_in):
                    # The browser need not send it again.
                    exchange.cookies = cookies.cleared()[:1]
                    raise
            else:
                if token is not None:
                    state = scope.setdefault("state", {})
                    # Known also when the change is refused: whose browser it was is on record.
                    state[BY_COOKIE], state["actor"] = True, actor
                    if exchange.method not in SAFE_METHODS:
                        cookies.check(exchange.by_name, actor.session_id)
                return actor
        return callers.actor(None, request_id, address)

    async def _body(self, exchange: Exchange, path: str, receive: Receive, actor: Actor) -> bytes | None:
        """None when the caller went away meanwhile. Raises Refused."""
        load = self._parts.load
        if not has_come(receive) and (full := load.refuses_to_wait()) is not None:
            raise Refused(full)
        load.arriving += 1
        try:
            return await self._parts.bodies.read(exchange.method, path, exchange.by_name, receive, actor)
        finally:
            load.arriving -= 1

    @staticmethod
    async def _from_cache(cache: ByteCache, raw_path: bytes, scope: Scope, exchange: Exchange) -> bool:
        query: bytes = scope["query_string"]
        key = raw_path + b"?" + query if query else raw_path
        if_none_match = exchange.by_name.get(b"if-none-match")
        found = cache.get(key)
        if found is not None:
            exchange.template = FROM_CACHE
            await send_cached(exchange.send, found, if_none_match)
            return True
        state = scope["state"]
        state[CACHE] = cache
        state[CACHE_KEY] = key
        state[CACHE_BEGAN] = cache.began()
        state[IF_NONE_MATCH] = if_none_match
        return False

    def _record(self, exchange: Exchange, scope: Scope) -> None:
        seconds = perf_counter() - exchange.started
        template = exchange.template
        if template is NO_ROUTE:
            template = scope.get("path_template", NO_ROUTE)
        status = exchange.status or CLIENT_GONE
        self._parts.metrics.observe(exchange.method, template, status, seconds)
        if self._parts.access is not None:
            address = scope["state"].get("client") if self._parts.proxies and "state" in scope else None
            self._note(scope, template, status, seconds, exchange.request_id, exchange.who, address)

    def _hit(self, scope: Scope, headers: dict[bytes, bytes], request_id: str, status: int, started: float) -> None:
        seconds = perf_counter() - started
        self._parts.metrics.observe("GET", FROM_CACHE, status, seconds)
        if self._parts.access is not None:
            proxies = self._parts.proxies
            address = caller_address(scope, headers.get(b"x-forwarded-for"), proxies) if proxies else None
            self._note(scope, FROM_CACHE, status, seconds, request_id, ANYBODY, address)

    def _note(
        self, scope: Scope, template: str, status: int, seconds: float, request_id: str, who: str, address: str | None
    ) -> None:
        assert self._parts.access is not None
        client = scope.get("client")
        self._parts.access.add(
            AccessLine(
                at=time(),
                method=scope["method"],
                path=scope["path"],
                template=template,
                status=status,
                seconds=seconds,
                request_id=request_id,
                client=address or (client[0] if client else ""),
                who=who,
                cached=template is FROM_CACHE,
            )
        )
