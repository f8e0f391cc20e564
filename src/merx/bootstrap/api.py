"""The HTTP application: `uvicorn --factory merx.bootstrap.api:create_app`, or `merx serve`."""

import gc
import os
from collections.abc import Callable, Mapping, Sequence
from inspect import signature
from typing import Any, Self
from urllib.parse import urlsplit

import msgspec
from litestar import Controller, Litestar, Router
from litestar.di import Provide
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin

from merx.bootstrap.version import installed_version
from merx.infra.failpoints import arm
from merx.infra.health import Health
from merx.infra.http.access import AccessLog
from merx.infra.http.asgi import AsgiApp
from merx.infra.http.auth import RouteAccess, check_routes_closed, handlers_of
from merx.infra.http.bodies import BodyGate
from merx.infra.http.callers import Authenticator
from merx.infra.http.cookies import CookieMode
from merx.infra.http.dependencies import current_actor, guest_proof, provide, settle_routes
from merx.infra.http.docs import DocsPage
from merx.infra.http.errors import handle_error
from merx.infra.http.inbound import Hosts
from merx.infra.http.lag import LoopLag
from merx.infra.http.limits import RateLimits
from merx.infra.http.load import LoadGate
from merx.infra.http.middleware import Frame, FrameParts
from merx.infra.http.on_record import OnRecord, Operations
from merx.infra.http.once import settle_once
from merx.infra.http.openapi import openapi_document
from merx.infra.http.operations import HealthController, MetricsController, SchemaController
from merx.infra.http.origins import Cors
from merx.infra.http.parts import Hook, HttpParts, HttpSource
from merx.infra.http.root import RootController, root_of
from merx.infra.http.route_classes import RouteClasses
from merx.infra.http.shown_paths import ShownPaths
from merx.infra.http.struct_schemas import SeenStructs
from merx.infra.http.token_answers import settle_token_answers
from merx.infra.limits.local import LocalBuckets
from merx.infra.log_writer import LineWriter
from merx.infra.logging import configure_logging, wants_text
from merx.infra.metrics import Exposition, RequestMetrics
from merx.infra.settings import Settings, load_settings

BASE = "/api/v1"
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]", "testserver")
_BY_ADDRESS = frozenset({f"{BASE}/health/{name}" for name in ("live", "ready", "startup")} | {"/metrics"})


class Api(Frame):
    """The ASGI application, with what tools and tests ask it for."""

    litestar: Litestar
    routes: list[RouteAccess]
    # Makes the OpenAPI 3.1 document.
    openapi: Callable[[], dict[str, Any]]
    health: Health
    metrics: RequestMetrics


def create_app(
    settings: Settings | None = None, container: HttpSource | None = None, log: LineWriter | None = None
) -> Api:
    """The whole API. Without arguments it reads `MERX_*`, sets up logging and builds the container.

    Raises SettingsError for unsafe settings and OpenRoutes for a route without an access rule.
    """
    last: list[Hook] = []
    if settings is None:
        settings = load_settings(os.environ)
        log = configure_logging(settings)
        # Then this is a process of its own, and not one of many applications in a test.
        last.append(spare_the_collector)
        arm(settings)
    settings.check()
    if container is None:
        from merx.bootstrap.container import build

        container = build(settings, deliver_here=False)
    parts = container.http_parts()
    shared = Shared.of(settings, parts)
    return framed(settings, parts, shared, Routes.built(settings, parts, shared, last), log)


class Shared(msgspec.Struct, frozen=True):
    """What the frame and the routes behind it share."""

    health: Health
    metrics: RequestMetrics
    cookies: CookieMode

    @classmethod
    def of(cls, settings: Settings, parts: HttpParts) -> Self:
        return cls(Health(parts.probes), RequestMetrics(), CookieMode(settings, parts.guest_tokens))


class Routes(msgspec.Struct, frozen=True):
    """What stands behind the frame. To build them takes a tenth of a second, the frame in front of them nothing.

    `app` is how the frame reaches them.
    """

    app: AsgiApp
    litestar: Litestar
    access: list[RouteAccess]
    openapi: Callable[[], dict[str, Any]]

    @classmethod
    def built(cls, settings: Settings, parts: HttpParts, shared: Shared, last: Sequence[Hook] = ()) -> Self:
        """`last` runs when everything else has started. Raises OpenRoutes."""

        def document() -> dict[str, Any]:
            return openapi_document(app, access, installed_version("0"))

        app = _litestar(settings, parts, shared, DocsPage(document))
        app.on_startup.extend(last)
        settle_routes(app, parts.live_sessions)
        settle_token_answers(app, shared.cookies, parts.access_tokens)
        settle_once(app, parts.idempotency)
        access = check_routes_closed(app)
        return cls(app, app, access, document)


def framed(
    settings: Settings,
    parts: HttpParts,
    shared: Shared,
    routes: Routes,
    log: LineWriter | None = None,
    lag: LoopLag | None = None,
) -> Api:
    bodies = BodyGate(settings.body_limit)
    bodies.learn(routes.litestar)
    classes = RouteClasses()
    classes.learn(routes.litestar)
    local = LocalBuckets()
    api = Api(
        routes.app,
        FrameParts(
            callers=Authenticator(
                parts.access_tokens,
                settings.metrics_token,
                parts.api_keys,
                parts.staff_rights,
                step_up_seconds=settings.step_up_seconds,
            ),
            hosts=Hosts(_hosts(settings)),
            bodies=bodies,
            metrics=shared.metrics,
            access=_access_log(settings, routes, log) if log and settings.access_log else None,
            cache=parts.cache,
            https=urlsplit(settings.public_url).scheme == "https",
            proxies=settings.trusted_proxies,
            any_host=_BY_ADDRESS,
            limits=RateLimits(settings, classes, parts.buckets or local, local) if settings.rate_limits_on else None,
            load=LoadGate(settings, classes, spared=_BY_ADDRESS, lag=lag),
            cookies=shared.cookies,
            cors=Cors(settings.cors_origins) if settings.cors_origins else None,
            sign_in=f"{BASE}/auth/",
            record=OnRecord(Operations(routes.litestar), parts.in_place, parts.refused_requests),
        ),
    )
    api.litestar = routes.litestar
    api.routes = routes.access
    api.openapi = routes.openapi
    api.health = shared.health
    api.metrics = shared.metrics
    return api


def _access_log(settings: Settings, routes: Routes, log: LineWriter) -> AccessLog:
    return AccessLog(log, ShownPaths(routes.litestar.routes), text=wants_text(settings, log.descriptor))


class _MadeOnce(Router):
    """A router for one application: Litestar would copy it with every handler in it, a tenth of a second."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


class _OnlyStructs(Litestar):
    """Litestar that does not load what is there for pydantic and attrs: 0.1 s and 7 MiB for types that never come."""

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


def _litestar(settings: Settings, parts: HttpParts, shared: Shared, docs: DocsPage) -> Litestar:
    dependencies = {name: _value(value) for name, value in parts.dependencies.items()} | {
        "actor": current_actor(),
        "proof": guest_proof(parts.guest_tokens),
        "cookie_mode": _value(shared.cookies),
        "health": _value(shared.health),
        "exposition": _value(Exposition(shared.metrics)),
        "docs": _value(docs),
        "root": _value(root_of(BASE)),
    }

    async def started() -> None:
        shared.health.started = True

    controllers = [*parts.controllers, HealthController, *([SchemaController] if settings.docs_on else [])]
    return _OnlyStructs(
        route_handlers=[
            _MadeOnce(BASE, route_handlers=[_equipped(each, dependencies) for each in controllers]),
            _equipped(MetricsController, dependencies),
            *([_equipped(RootController, dependencies)] if settings.docs_on else []),
        ],
        exception_handlers={Exception: handle_error},
        plugins=[SeenStructs()],
        openapi_config=None,
        logging_config=None,
        debug=False,
        # The frame in front enforces the limit of each route; this is the second lock.
        request_max_body_size=settings.body_limit,
        multipart_form_part_limit=20,
        on_startup=[*parts.on_startup, started],
        on_shutdown=list(parts.on_shutdown),
    )


async def spare_the_collector() -> None:
    """What start-up made stays for ever: half a million objects that each full collection would walk over for 0.1 s."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(10_000, 20, 20)


def _equipped(controller: type[Controller], dependencies: Mapping[str, Provide]) -> type[Controller]:
    """The controller with what its handlers name: Litestar compares all that a route is offered with each other."""
    named = {name for handler in handlers_of(controller) for name in signature(handler.fn).parameters}
    offered = {name: each for name, each in dependencies.items() if name in named}
    own = vars(controller).get("dependencies", {})
    return type(controller.__name__, (controller,), {"dependencies": offered | own})


def _value(value: Any) -> Provide:
    return value if isinstance(value, Provide) else provide(lambda: value)


def _hosts(settings: Settings) -> tuple[str, ...]:
    own = urlsplit(settings.public_url).hostname or ""
    local = () if settings.production else (*_LOOPBACK, settings.host)
    return (*settings.allowed_hosts, own, *local)
