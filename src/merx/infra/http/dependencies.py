"""The bridge from the container to handlers. `@inject` on handlers is forbidden: its marker reads as a query parameter.

Handlers take `NamedDependency[...]` arguments; the application registers `provide(container.place_order)` by name.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from litestar import Litestar, Request
from litestar._kwargs.extractors import parse_connection_headers
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.params import SkipValidationMarker
from litestar.routes import HTTPRoute
from litestar.types import Scope

from merx.infra.guest_tokens import GuestTokens
from merx.infra.http.allow import settle_options
from merx.infra.http.auth import GUEST_HEADERS, GuestProof, Rule, actor_of, refusal_of, route_rules
from merx.infra.http.callers import LiveSessions
from merx.infra.http.handler_hooks import forget_signature, set_before_request, set_guards
from merx.infra.http.json_bodies import decode_strictly
from merx.infra.http.query import settle_query


class Instant(Provide):
    """A dependency that follows from the request alone and waits for nothing: `of(scope)` is called directly."""

    __slots__ = ("of",)

    def __init__(self, of: Callable[[Scope], Any]) -> None:
        async def dependency() -> Any:
            raise RuntimeError("settle_routes was not called")

        super().__init__(dependency)
        self.of = of


def provide(make: Callable[[], Any]) -> Provide:
    """A dependency that is `make()` for every request; a container provider (`container.place_order`) fits."""
    return Instant(lambda _: make())


def current_actor() -> Provide:
    return Instant(lambda scope: scope["state"]["actor"])


def guest_proof(tokens: GuestTokens) -> Provide:
    kinds = {name.encode(): kind for kind, name in GUEST_HEADERS.items()}

    def proof(scope: Scope) -> GuestProof:
        sent = {kinds[name]: value.decode("latin-1") for name, value in scope["headers"] if name in kinds}
        return GuestProof(tokens, sent)

    return Instant(proof)


def settle_routes(app: Litestar, live_sessions: LiveSessions | None = None) -> None:
    """Make injected arguments and access rules cheap. Call once, when all routes are registered.

    Raises RuntimeError when there are routes for sessions that go on, and no means to look those up.
    """
    routes = [route for route in app.routes if isinstance(route, HTTPRoute)]
    for route in routes:
        settle_options(route, routes)
        for handler, model in route.route_handler_map.values():
            _settle_headers(model)
            settle_query(handler, model)
            _settle_dependencies(handler, model)
            _settle_rules(route, handler, live_sessions)


def _settle_headers(model: Any) -> None:
    """Take header parameters from what the server gave: Litestar makes a multi-dictionary of all headers first."""
    if not model.expected_header_params:
        return
    wanted = [
        (each.field_alias.lower().encode(), each.field_name, each.default) for each in model.expected_header_params
    ]
    optional = not any(each.is_required for each in model.expected_header_params)

    def quick(original: Any) -> Any:
        async def extract(values: dict[str, Any], connection: ASGIConnection[Any, Any, Any, Any]) -> None:
            given = dict(connection.scope["headers"])
            if optional or all(name in given for name, _, _ in wanted):
                for name, field, default in wanted:
                    values[field] = given[name].decode("latin-1") if name in given else default
            else:
                await original(values, connection)  # knows how to say what is missing

        return extract

    def takes_headers(extractor: Any) -> bool:
        cells = getattr(extractor, "__closure__", None) or ()
        return any(cell.cell_contents is parse_connection_headers for cell in cells)

    model.extractors = [quick(each) if takes_headers(each) else each for each in model.extractors]


def _settle_dependencies(handler: HTTPRouteHandler, model: Any) -> None:
    """One after the other, and unchecked; instant ones without Litestar's way of calling them, which is 10 µs each.

    Litestar opens a task group for dependencies that do not need each other, which costs five times the request
    (107 against 14 µs for five): ours never wait for anything. It also checks each with isinstance at every request,
    which a Protocol refuses: the type checker has done that already.
    """
    items = [item for batch in model.dependency_batches for item in sorted(batch, key=lambda item: str(item.key))]
    instant = [(item.key, item.provide.of) for item in items if isinstance(item.provide, Instant)]
    model.dependency_batches = [{item} for item in items if not isinstance(item.provide, Instant)]
    if instant:

        async def extract(values: dict[str, Any], connection: ASGIConnection[Any, Any, Any, Any]) -> None:
            for key, of in instant:
                values[key] = of(connection.scope)

        model.extractors = [*model.extractors, extract]
    settled = {str(item.key) for item in items}
    fields = handler.parsed_fn_signature.parameters
    if (body := fields.get("data")) is not None:
        decode_strictly(model, body.raw, optional=body.has_default)
        settled.add("data")
    for name in settled & fields.keys():
        fields[name] = replace(fields[name], metadata=(*fields[name].metadata, SkipValidationMarker()))
    forget_signature(handler)


def _settle_rules(route: HTTPRoute, handler: HTTPRouteHandler, live_sessions: LiveSessions | None) -> None:
    """Check the rules in the before-request hook: for each guard Litestar copies the whole handler, about 20 µs."""
    rules = tuple(rule for rule in route_rules(handler) if rule.name != "public")
    original = handler.resolve_before_request()
    asks = any(rule.alive for rule in rules)
    if asks and live_sessions is None:
        raise RuntimeError(f"{route.path_format} is for sessions that go on and there is nobody to ask about them")
    sessions = live_sessions if asks else None

    async def before(request: Request[Any, Any, Any]) -> Any:
        for rule in rules:
            rule.check(request)
        if sessions is not None:
            try:
                await sessions.demand(actor_of(request))
            except Exception as error:
                raise refusal_of(error) from error.__cause__
        return await original(request) if original is not None else None

    others = [guard for guard in handler.resolve_guards() if not isinstance(guard, Rule)]
    if rules:
        set_before_request(handler, before)
    set_guards(handler, others)
