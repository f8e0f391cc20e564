"""Routes whose request, sent again with the same `Idempotency-Key`, has one effect and gets the same answer.

    @post("/receipts", guards=[_WRITE], operation_id="ReceiveStock", **once())

Checkout and the lines of carts do without: they keep their answer in the transaction of their effect.
"""

import functools
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

import msgspec
from litestar import Litestar, Request
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse
from litestar.routes import HTTPRoute

from merx.infra.http.asgi import Message
from merx.infra.http.auth import GUEST_HEADERS, actor_of, guest_or_owner, route_rules
from merx.infra.http.handler_hooks import responder_of, set_before_request, set_function, set_responder
from merx.infra.http.problems import RawHeaders
from merx.infra.http.responses import Encoded
from merx.infra.idempotency.answers import Key
from merx.infra.idempotency.errors import KeyInvalid
from merx.infra.idempotency.http import ANONYMOUS, HEADER, REPLAYED, idempotent, keyed, principal_of, route_of
from merx.infra.idempotency.store import IdempotencyStore, Reply

_OPTION = "once"
_OWN_OPTION = "own_once"
# What `Encoded` and the frame do not add by themselves.
_KEPT_HEADERS = (b"etag", b"location")
# Callers of one network without account and token share a principal: nothing but the key keeps them apart.
_MIN_ANONYMOUS = 16

_Request = Request[Any, Any, Any]
_asked: ContextVar[_Request] = ContextVar("once_request")


class Once(msgspec.Struct, frozen=True):
    """`required`: without the header the answer is 400. `again` is what the same request gets, sent again."""

    required: bool = False
    again: str = "the same answer"


def once(*, required: bool = False) -> dict[str, Any]:
    """Arguments for a route decorator."""
    return {_OPTION: Once(required)}


def own_once(*, required: bool = False, again: str = "the same answer") -> dict[str, Any]:
    """Of a route that knows by itself what it did: the document says the same of it."""
    return {_OWN_OPTION: Once(required, again)}


def once_of(handler: HTTPRouteHandler) -> Once | None:
    declared = handler.opt.get(_OPTION)
    return declared if isinstance(declared, Once) else None


def documented(handler: HTTPRouteHandler) -> Once | None:
    """What callers are told of the header, whoever keeps the answer."""
    declared = handler.opt.get(_OWN_OPTION)
    return declared if isinstance(declared, Once) else once_of(handler)


def settle_once(app: Litestar, store: IdempotencyStore | None) -> None:
    """Put the store behind all routes that declare `once`. Call after `settle_routes`.

    Raises RuntimeError when there are such routes and no store.
    """
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler, _ in route.route_handler_map.values():
                if (declared := once_of(handler)) is not None:
                    if store is None:
                        raise RuntimeError(f"{route.path_format} keeps its answers and there is no store for them")
                    _settle(handler, declared, store)


def _settle(handler: HTTPRouteHandler, declared: Once, store: IdempotencyStore) -> None:
    rules = handler.resolve_before_request()
    work: Callable[..., Awaitable[Any]] = handler.fn

    async def before(request: _Request) -> Any:
        answer = await rules(request) if rules is not None else None
        _asked.set(request)
        return answer

    @functools.wraps(work)
    async def answered(**arguments: Any) -> Any:
        request = _asked.get()
        header = dict(request.scope["headers"]).get(HEADER.encode())
        if header is None and not declared.required:
            return await work(**arguments)
        key = await _key(handler, request, header)

        async def run() -> Reply:
            data = await work(**arguments)
            return await _reply(await handler.to_response(app=request.app, data=data, request=request), request)

        reply, replayed = await idempotent(store, key, run)
        return _sent(reply, replayed=replayed)

    usual = responder_of(handler)

    async def respond(app: Litestar, data: Any, request: _Request) -> Any:
        return data if isinstance(data, Encoded) else await usual(app=app, data=data, request=request)

    set_before_request(handler, before)
    set_function(handler, answered)
    set_responder(handler, respond)


async def _key(handler: HTTPRouteHandler, request: _Request, header: bytes | None) -> Key:
    """Of this caller, for this route with its path values, by everything sent that the answer depends on."""
    by_name = dict(request.scope["headers"])
    actor = actor_of(request)
    looked_at = any(rule.name == guest_or_owner.name for rule in route_rules(handler))
    principal = principal_of(actor, _guest_token(by_name) if looked_at else "")
    key = keyed(
        None if header is None else header.decode("latin-1"),
        principal,
        route_of(actor, handler.operation_id, *request.path_params.values()),
        await request.body(),
        query=request.scope["query_string"],
        if_match=by_name.get(b"if-match", b""),
    )
    if principal.startswith(ANONYMOUS) and len(key.key) < _MIN_ANONYMOUS:
        raise KeyInvalid(f"without an account or a token it must have {_MIN_ANONYMOUS} characters or more")
    return key


def _guest_token(by_name: dict[bytes, bytes]) -> str:
    """What opens the cart or the order of the path: a wrong one was refused, and no answer is kept for it."""
    names = (name.encode() for name in GUEST_HEADERS.values())
    return " ".join(by_name[name].decode("latin-1") for name in names if name in by_name)


async def _reply(response: Any, request: _Request) -> Reply:
    """What the response sends."""
    status, headers, body = 0, {}, b""

    async def take(message: Message) -> None:
        nonlocal status, headers, body
        if message["type"] == "http.response.start":
            status = message["status"]
            sent = {name.lower(): value for name, value in message["headers"]}
            headers = {name.decode(): sent[name].decode("latin-1") for name in _KEPT_HEADERS if name in sent}
        else:
            body += message.get("body", b"")

    await response(request.scope, request.receive, take)
    return Reply(status, body, headers)


def _sent(reply: Reply, *, replayed: bool) -> ASGIResponse:
    headers: RawHeaders = [(name.encode(), value.encode("latin-1")) for name, value in reply.headers.items()]
    if replayed:
        headers.append(REPLAYED)
    return Encoded(reply.body, reply.status, headers)


def describe(operation: dict[str, Any], declared: Once) -> None:
    """Add the header to an operation of the OpenAPI document."""
    parameters = [each for each in operation.get("parameters", ()) if each["name"] != "Idempotency-Key"]
    operation["parameters"] = parameters
    parameters.append(
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": declared.required,
            "description": "Names this attempt for 24 hours: sent again with the same body, query and `If-Match` it "
            f"has no second effect and gets {declared.again}, with `Idempotency-Replayed: true`. Another request with "
            "the same key answers 422, and 409 with `Retry-After` says that the first one is still running. 409 "
            "`idempotency.answer-lost` says that it is done and nobody knows any more what it answered.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
        }
    )
