"""One built application, played by the containers of many tests in turn.

Building the routes takes 50 to 250 ms, and they are the same for every test of a context; what differs is what stands
behind them. `staged(settings, shop)` gives the application with `shop` behind it. Only the latest one is on stage:
a test with two applications at once, or one about the application itself, calls `create_app`.
"""

from functools import partial
from typing import Any

import msgspec
from litestar.di import Provide

from merx.bootstrap.api import Api, create_app
from merx.infra.health import Probe
from merx.infra.http.dependencies import provide
from merx.infra.http.parts import HttpParts, HttpSource
from merx.infra.settings import Settings

_PASSED_ON = ("access_tokens", "guest_tokens", "cache", "idempotency", "api_keys", "staff_rights", "in_place")


class _Present:
    """Passes everything on to the part of this name that is on stage."""

    def __init__(self, stage: "_Stage", name: str) -> None:
        self._stage, self._name = stage, name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(getattr(self._stage.parts, self._name), attribute)


class _Stage:
    def __init__(self, settings: Settings, parts: HttpParts) -> None:
        self.parts = parts
        self.api = create_app(settings, self)

    def http_parts(self) -> HttpParts:
        present: dict[str, Any] = {name: _Present(self, name) for name in _PASSED_ON}
        if self.parts.cache is None:
            present["cache"] = None
        if self.parts.idempotency is None:
            present["idempotency"] = None
        if self.parts.api_keys is None:
            present["api_keys"] = None
        if self.parts.staff_rights is None:
            present["staff_rights"] = None
        if self.parts.in_place is None:
            present["in_place"] = None
        return HttpParts(
            **present,
            controllers=self.parts.controllers,
            # A `Provide` is a function without state.
            dependencies={
                name: value if isinstance(value, Provide) else provide(partial(self._dependency, name))
                for name, value in self.parts.dependencies.items()
            },
            probes=[
                Probe(probe.name, partial(self._check, place), probe.required)
                for place, probe in enumerate(self.parts.probes)
            ],
            on_startup=[self._start],
            on_shutdown=[self._stop],
        )

    def _dependency(self, name: str) -> Any:
        return self.parts.dependencies[name]

    async def _check(self, place: int) -> None:
        await self.parts.probes[place].check()

    async def _start(self) -> None:
        for hook in self.parts.on_startup:
            await hook()

    async def _stop(self) -> None:
        for hook in self.parts.on_shutdown:
            await hook()


_stages: dict[Any, _Stage] = {}


def staged(settings: Settings, source: HttpSource) -> Api:
    """Like `create_app(settings, source)`, from the second time on without building anything."""
    parts = source.http_parts()
    # No route knows them.
    settings = msgspec.structs.replace(
        settings, data_dir=".", database_url="postgresql://nowhere", storage="memory", search_refresh_seconds=0.0
    )
    probes = tuple((probe.name, probe.required) for probe in parts.probes)
    key = (
        settings,
        tuple(parts.controllers),
        tuple(parts.dependencies),
        probes,
        parts.cache is None,
        parts.idempotency is None,
        parts.api_keys is None,
        parts.staff_rights is None,
        parts.in_place is None,
    )
    stage = _stages.get(key)
    if stage is None:
        stage = _stages[key] = _Stage(settings, parts)
    stage.parts = parts
    return stage.api
