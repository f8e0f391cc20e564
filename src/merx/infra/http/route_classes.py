"""What kind of work a route is, as far as limits care.

    @post("/orders", guards=[public], **limited(RouteClass.checkout))

    class AuthController(Controller):
        opt = limited(RouteClass.login)

    class CartController(Controller):
        opt = keeps_place()

What says nothing follows from its method and from who calls. Of reads only `login` counts: a browser comes back from a
sign-in provider with one.
"""

import re
from enum import StrEnum
from typing import Any

from litestar import Litestar
from litestar.routes import HTTPRoute

from merx.infra.http.auth import route_rules
from merx.infra.http.bodies import BodyRule

_OPTION = "limit_class"
_PLACE = "keeps_place"
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


_WITH_PLACES = frozenset({RouteClass.checkout, RouteClass.webhook})


def keeps_place() -> dict[str, Any]:
    """For routes on the way to an order: a full process that turns others away has places for them."""
    return {_PLACE: True}


class RouteClasses:
    """The routes of a declared class, found before routing: most requests cost one look into a dictionary."""

    def __init__(self) -> None:
        self._plain: dict[tuple[str, str], RouteClass] = {}
        self._patterns: list[tuple[str, re.Pattern[str], RouteClass]] = []
        self._places: list[str] = []
        self._with_place = re.compile(r"(?!)")
        # Asked at every read: the beginning of a path tells nearly all of them apart.
        self._reads: list[tuple[str, re.Pattern[str]]] = []

    def learn(self, app: Litestar) -> None:
        for route in app.routes:
            if not isinstance(route, HTTPRoute):
                continue
            for method, (handler, _) in route.route_handler_map.items():
                if handler.opt.get(_PLACE):
                    self._places.append(f"{method} {_pattern(route)}")
                body = handler.opt.get("body")
                declared = handler.opt.get(_OPTION)
                public = all(rule.name == "public" for rule in route_rules(handler))
                if not isinstance(declared, RouteClass) and isinstance(body, BodyRule) and body.raw and public:
                    # Only machines send bodies that nobody looks into without saying who they are.
                    declared = RouteClass.webhook
                if not isinstance(declared, RouteClass):
                    continue
                pattern = re.compile(_pattern(route))
                if method in READS:
                    if method == "GET" and declared is RouteClass.login and "{" in route.path_format:
                        self._reads.append((route.path_format.split("{", 1)[0], pattern))
                elif "{" not in route.path_format:
                    self._plain[str(method), route.path_format] = declared
                else:
                    self._patterns.append((str(method), pattern, declared))
        self._with_place = re.compile("|".join(self._places) or r"(?!)")

    def is_sign_in(self, path: str) -> bool:
        """Whether a read of this path is one of signing in."""
        if "//" in path:
            path = _SLASHES.sub("/", path)
        return any(path.startswith(start) and pattern.fullmatch(path.rstrip("/")) for start, pattern in self._reads)

    def declared(self, method: str, path: str) -> RouteClass | None:
        if method in READS:
            return None
        path = _plain(path)
        found = self._plain.get((method, path))
        if found is None:
            for verb, pattern, route_class in self._patterns:
                if verb == method and pattern.fullmatch(path):
                    return route_class
        return found

    def keeps_place(self, method: str, path: str) -> bool:
        """Whether places are kept for this request in a full process."""
        if self.declared(method, path) in _WITH_PLACES:
            return True
        return self._with_place.fullmatch(f"{method} {_plain(path)}") is not None


def _plain(path: str) -> str:
    """What the router takes for the same route."""
    return "/" + _SLASHES.sub("/", path).strip("/")


def _pattern(route: HTTPRoute) -> str:
    parts = [re.escape(part) if isinstance(part, str) else "[^/]+" for part in route.path_components]
    return "/" + "/".join(parts)
