"""Routes that were built once, played by the containers of many tests in turn.

Building the routes takes 50 to 250 ms, and they are the same for every test of a context; what differs is what stands
behind them, and the frame in front. `staged(settings, shop)` gives the application with `shop` behind it, and
`fresh(settings, shop)` one that has counted nothing yet. Whoever is asked is on stage until another one is: a test in
which two answer at the same time, or one about the application itself, calls `create_app`.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from litestar.di import Provide

from merx.bootstrap.api import Api, Routes, Shared, framed
from merx.infra.health import Probe
from merx.infra.http.dependencies import provide
from merx.infra.http.lag import LoopLag
from merx.infra.http.parts import HttpParts, HttpSource
from merx.infra.log_writer import LineWriter
from merx.infra.settings import Settings

_PASSED_ON = (
    "access_tokens",
    "guest_tokens",
    "cache",
    "idempotency",
    "api_keys",
    "staff_rights",
    "in_place",
    "refused_requests",
    "live_sessions",
)
_MAY_BE_MISSING = ("cache", "idempotency", "api_keys", "staff_rights", "in_place", "refused_requests", "live_sessions")


class _Present:
    """Passes everything on to the part of this name that is on stage."""

    def __init__(self, stage: "_Stage", name: str) -> None:
        vars(self).update(_stage=stage, _name=name)

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._stage.find(self._name), attribute)

    def __setattr__(self, attribute: str, value: Any) -> None:
        setattr(self._stage.find(self._name), attribute, value)


class _Stage:
    def __init__(self, settings: Settings, parts: HttpParts) -> None:
        self.parts = self._latest = parts
        self._shared = Shared.of(settings, parts)
        self._passing = self._passed_on()
        everywhere = Shared(*(_Present(self, name) for name in Shared.__struct_fields__))
        self._routes = Routes.built(settings, self._passing, everywhere)
        self._framed: dict[Settings, Api] = {}

    def find(self, name: str) -> Any:
        return getattr(self._shared if name in Shared.__struct_fields__ else self.parts, name)

    def fresh(self, settings: Settings, parts: HttpParts, log: LineWriter | None, lag: LoopLag | None) -> Api:
        return self._framed_by(settings, parts, lambda: parts, log, lag)

    def staged(self, settings: Settings, parts: HttpParts) -> Api:
        self.parts = self._latest = parts
        if settings not in self._framed:
            self._framed[settings] = self._framed_by(settings, self._passing, lambda: self._latest)
        return self._framed[settings]

    def _framed_by(
        self,
        settings: Settings,
        parts: HttpParts,
        played: Callable[[], HttpParts],
        log: LineWriter | None = None,
        lag: LoopLag | None = None,
    ) -> Api:
        shared = Shared.of(settings, parts)

        async def enter(*request: Any) -> None:
            self.parts, self._shared = played(), shared
            await self._routes.app(*request)

        return framed(settings, parts, shared, msgspec.structs.replace(self._routes, app=enter), log, lag)

    def _passed_on(self) -> HttpParts:
        present: dict[str, Any] = {name: _Present(self, name) for name in _PASSED_ON}
        present |= {name: None for name in _MAY_BE_MISSING if getattr(self.parts, name) is None}
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
    # No frame knows them.
    settings = msgspec.structs.replace(
        settings, data_dir=".", database_url="postgresql://nowhere", storage="memory", search_refresh_seconds=0.0
    )
    return _stage(settings, parts).staged(settings, parts)


def fresh(settings: Settings, source: HttpSource, log: LineWriter | None = None, lag: LoopLag | None = None) -> Api:
    """Like `create_app(settings, source, log)`, from the second time on without building the routes.

    `lag` says how late its loop is.
    """
    parts = source.http_parts()
    return _stage(settings, parts).fresh(settings, parts, log, lag)


def _stage(settings: Settings, parts: HttpParts) -> _Stage:
    key = (
        # What routes know of the settings.
        (settings.docs_on, settings.body_limit),
        tuple(parts.controllers),
        tuple(parts.dependencies),
        tuple((probe.name, probe.required) for probe in parts.probes),
        tuple(name for name in _MAY_BE_MISSING if getattr(parts, name) is None),
    )
    if key not in _stages:
        _stages[key] = _Stage(settings, parts)
    return _stages[key]
