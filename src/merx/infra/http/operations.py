"""Routes about the process itself: health, metrics, the OpenAPI document and its interactive page."""

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter
from litestar.types import Scope

from merx.infra.health import Check, Health
from merx.infra.http.auth import public
from merx.infra.http.callers import is_loopback
from merx.infra.http.docs import DocsPage
from merx.infra.http.problems import MEDIA_TYPE, unavailable
from merx.infra.metrics import CONTENT_TYPE, Exposition
from merx.kernel.actor import Actor
from merx.kernel.errors import Forbidden, NotFound, Unauthenticated


class HealthView(msgspec.Struct, frozen=True, omit_defaults=True):
    """`checks` are shown to staff only."""

    status: str
    checks: list[Check] = []


class HealthController(Controller):
    path = "/health"
    tags = ("operations",)

    @get("/live", guards=[public], operation_id="GetLiveness", summary="The process runs and answers")
    async def live(self) -> HealthView:
        return HealthView("ok")

    @get("/startup", guards=[public], operation_id="GetStartup", summary="Start-up work is done")
    async def startup(self, health: NamedDependency[Health], actor: NamedDependency[Actor]) -> Response[HealthView]:
        return _health("started" if health.started else "", [], actor)

    @get("/ready", guards=[public], operation_id="GetReadiness", summary="Everything that serving needs is there")
    async def ready(self, health: NamedDependency[Health], actor: NamedDependency[Actor]) -> Response[HealthView]:
        report = await health.report()
        return _health("ready" if report.ready and health.started else "", report.checks, actor)


def _health(status: str, checks: list[Check], actor: Actor) -> Response[HealthView]:
    shown = checks if actor.is_staff else []
    if status:
        return Response(HealthView(status, shown))
    failure = unavailable(detail="This process is not ready to serve.")
    extra = {"checks": msgspec.to_builtins(shown)} if shown else {}
    body = msgspec.structs.replace(failure, slug="health.not-ready", extra=extra).body(actor.request_id)
    # A problem document instead of the view, which describes the good case.
    refusal: Response[Any] = Response(body, status_code=503, media_type=MEDIA_TYPE, headers=dict(failure.headers))
    return refusal


class MetricsController(Controller):
    path = "/metrics"
    include_in_schema = False

    # Public for the guard: the address counts here, which no other route looks at.
    @get("/", guards=[public])
    async def metrics(
        self,
        scope: Scope,
        actor: NamedDependency[Actor],
        exposition: NamedDependency[Exposition],
        open_metrics: NamedDependency[bool],
    ) -> Response[bytes]:
        client = scope.get("client")
        address = str(scope["state"].get("client") or (client[0] if client else ""))
        local = open_metrics and is_loopback(address) and not _forwarded(scope)
        if not local and not actor.may("metrics:read"):
            if actor.is_staff:
                raise Forbidden("needs metrics:read")
            raise Unauthenticated
        # Thousands of lines take 30 ms, in which every page would wait.
        return Response(await asyncio.to_thread(exposition.text), media_type=CONTENT_TYPE)


def _forwarded(scope: Scope) -> bool:
    """A proxy on this machine speaks for somebody else."""
    return any(name in (b"x-forwarded-for", b"forwarded", b"x-real-ip") for name, _ in scope["headers"])


class SchemaController(Controller):
    path = "/schema"
    include_in_schema = False

    @get(["/", "/openapi.json"], guards=[public])
    async def document(self, docs: NamedDependency[DocsPage]) -> Response[bytes]:
        # Made on first use, which takes a second: other requests go on meanwhile.
        return Response(await asyncio.to_thread(docs.document), media_type="application/openapi+json")

    @get("/docs", guards=[public])
    async def page(self, docs: NamedDependency[DocsPage]) -> Response[bytes]:
        return docs.answer("index.html")

    @get("/docs/{name:str}", guards=[public])
    async def file(
        self,
        name: FromPath[str],
        docs: NamedDependency[DocsPage],
        accept_encoding: Annotated[str, HeaderParameter(name="Accept-Encoding")] = "",
    ) -> Response[bytes]:
        if not docs.has(name):
            raise NotFound
        return docs.answer(name, gzipped="gzip" in accept_encoding)
