"""OPTIONS says all that a path can do: Litestar's own answer names the methods of the path's first handler only."""

import re
from collections.abc import Sequence
from typing import Any

from litestar import Response
from litestar.enums import HttpMethod
from litestar.routes import HTTPRoute

from merx.infra.http.handler_hooks import set_function

_PARAMETER = re.compile(r"\{[^}]*\}")


def settle_options(route: HTTPRoute, routes: Sequence[HTTPRoute]) -> None:
    """`routes` are all of the application: an address by id is that of the routes that take an id or a slug, too."""
    found = route.route_handler_map.get(HttpMethod.OPTIONS)
    if found is None or found[0].include_in_schema:
        return
    methods = {str(method) for each in routes if _covers(each, route) for method in each.route_handler_map}
    # The frame answers HEAD wherever there is a GET.
    allowed = ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))

    def options(**_: Any) -> Response[None]:
        return Response(None, status_code=204, headers={"Allow": allowed})

    # Not a coroutine: Litestar calls this handler, its own, without awaiting it.
    set_function(found[0], options)


def _covers(wide: HTTPRoute, narrow: HTTPRoute) -> bool:
    """Whether everything that leads to `narrow` may also be meant for `wide`."""
    return wide is narrow or (
        ":str}" in wide.path and _PARAMETER.sub("{}", wide.path) == _PARAMETER.sub("{}", narrow.path)
    )
