"""What kind of work a route is, as far as limits care.

    @post("/orders", guards=[public], **limited(RouteClass.checkout))

    class AuthController(Controller):
        opt = limited(RouteClass.login)

What says nothing follows from its method and from who calls. Reads are never of a declared class.
"""

import re
from enum import StrEnum
from typing import Any

from litestar import Litestar
from litestar.routes import HTTPRoute

from merx.infra.http.auth import route_rules
from merx.infra.http.bodies import BodyRule

_OPTION = "limit_class"
READS = frozenset({"GET", "HEAD", "OPTIONS"})
_SLASHES = re.compile("//+")


class RouteClass(StrEnum):
    """`login` is everything where guessing could pay."""

    browse = "browse"
    write = "write"
    checkout = "checkout"
    login = "login"
    staff = "staff"
    webhook = "webhook"


def limited(route_class: RouteClass) -> dict[str, Any]:
    """Arguments for a route decorator, or the `opt` of a controller."""
    return {_OPTION: route_class}


class RouteClasses:
    """The routes of a declared class, found before routing: most requests cost one look into a dictionary."""

    def __init__(self) -> None:
        self._plain: dict[tuple[str, str], RouteClass] = {}
        self._patterns: list[tuple[str, re.Pattern[str], RouteClass]] = []

    def learn(self, app: Litestar) -> None:
        for route in app.routes:
            if not isinstance(route, HTTPRoute):
                continue
            for method, (handler, _) in route.route_handler_map.items():
                body = handler.opt.get("body")
                declared = handler.opt.get(_OPTION)
                public = all(rule.name == "public" for rule in route_rules(handler))
                if not isinstance(declared, RouteClass) and isinstance(body, BodyRule) and body.raw and public:
                    # Only machines send bodies that nobody looks into without saying who they are.
                    declared = RouteClass.webhook
                if method in READS or not isinstance(declared, RouteClass):
                    continue
                if "{" not in route.path_format:
                    self._plain[str(method), route.path_format] = declared
                    continue
                parts = [re.escape(part) if isinstance(part, str) else "[^/]+" for part in route.path_components]
                self._patterns.append((str(method), re.compile("/" + "/".join(parts)), declared))

    def declared(self, method: str, path: str) -> RouteClass | None:
        if method in READS:
            return None
        # The router takes these for the same route.
        path = "/" + _SLASHES.sub("/", path).strip("/")
        found = self._plain.get((method, path))
        if found is None:
            for verb, pattern, route_class in self._patterns:
                if verb == method and pattern.fullmatch(path):
                    return route_class
        return found
