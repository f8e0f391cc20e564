"""Routes about the process itself: health, metrics, the OpenAPI document and its interactive page."""

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter

from merx.infra.health import Check, Health
from merx.infra.http.auth import public, staff
from merx.infra.http.docs import DocsPage
from merx.infra.http.problems import MEDIA_TYPE, unavailable
from merx.infra.metrics import CONTENT_TYPE, Exposition
from merx.kernel.actor import Actor
from merx.kernel.errors import NotFound


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

    # Not by address: a proxy on this machine, which says nothing of whom it speaks for, comes from loopback too.
    @get("/", guards=[staff("metrics:read")])
    async def metrics(self, exposition: NamedDependency[Exposition]) -> Response[bytes]:
        """For the holder of the metrics token, and for staff and keys with the right."""
        # Thousands of lines take 30 ms, in which every page would wait.
        return Response(await asyncio.to_thread(exposition.text), media_type=CONTENT_TYPE)


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
