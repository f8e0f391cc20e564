"""A shop in memory that is filled when it starts: `MERX_STORAGE=memory merx serve --sample`."""

import os
from pathlib import Path

import msgspec

from merx.bootstrap.api import Api
from merx.bootstrap.api import create_app as create_api
from merx.bootstrap.container import App, build
from merx.bootstrap.seed import fill
from merx.infra.http.parts import HttpParts
from merx.infra.settings import load_settings


class SampleShop:
    """The application, filled before its first request. Without a catalogue it takes the one of the package."""

    def __init__(self, shop: App, catalogue: Path | None = None) -> None:
        self._shop = shop
        self._catalogue = catalogue

    def http_parts(self) -> HttpParts:
        parts = self._shop.http_parts()
        return msgspec.structs.replace(parts, on_startup=[self._fill, *parts.on_startup])

    async def _fill(self) -> None:
        await fill(self._shop, self._catalogue, _untold)


def _untold(_step: str, _done: int, _total: int | None) -> None: ...


def create_app() -> Api:
    """For uvicorn: settings from `MERX_*`."""
    return create_api(container=SampleShop(build(load_settings(os.environ))))
