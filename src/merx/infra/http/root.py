"""The address of the shop without a path says where its interface is, unless the interactive page is off."""

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency

from merx.infra.http.auth import public


class Root(msgspec.Struct, frozen=True):
    """Paths on this server."""

    api: str
    docs: str
    schema: str
    health: str


def root_of(base: str) -> Root:
    return Root(base, f"{base}/schema/docs", f"{base}/schema/openapi.json", f"{base}/health/ready")


class RootController(Controller):
    path = "/"
    include_in_schema = False

    @get("/", guards=[public], summary="Where the interface is")
    async def root(self, root: NamedDependency[Root]) -> Root:
        return root
