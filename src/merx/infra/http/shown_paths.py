"""What the log shows of a path: what the shop knows itself, and nothing that only its sender knows."""

import re
from collections.abc import Sequence

from litestar.routes import BaseRoute

from merx.infra.logging import HIDDEN

# As it is in the byte cache, the shop itself has answered to this path.
FROM_CACHE = "(from cache)"
MAX_SHOWN = 200
_UUID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_is_uuid = re.compile(_UUID).fullmatch


class ShownPaths:
    """`routes` are those of the router.

    Callers put an e-mail, a telephone number, a name or a token where an id belongs, in spellings that no pattern finds
    all of. So a value is shown when it is a UUID, or a word that the shop answered to: then something of its own has
    that slug or name. Where no route was found, only fixed parts of routes are shown.
    """

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._templates = {route.path_format: _Template(route) for route in routes}
        self._fixed = {""}.union(*(template.fixed for template in self._templates.values()))

    def __call__(self, path: str, template: str, status: int) -> str:
        """`template` is what the router says of the path, or FROM_CACHE, or anything else when it says nothing."""
        known = self._templates.get(template)
        if known is not None:
            return known.shown(path, status)
        if template == FROM_CACHE:
            return path if len(path) <= MAX_SHOWN else path[:MAX_SHOWN] + "…"
        return "/".join(part if part in self._fixed else HIDDEN for part in path[:MAX_SHOWN].split("/"))


# Answers that have something in them of the name that was asked for. 204 is also that of OPTIONS, which asks nobody.
_TELLS = frozenset({200, 201, 202, 206, 304})


class _Template:
    def __init__(self, route: BaseRoute) -> None:
        parts = route.path_components
        self.fixed = {part for part in parts if isinstance(part, str)}
        self._text = route.path_format
        self._length = len(parts)
        self._values = [place for place, part in enumerate(parts) if not isinstance(part, str)]
        ids, words = [], []
        for part in parts:
            if isinstance(part, str):
                ids.append(re.escape(part))
                words.append(re.escape(part))
            else:
                ids.append(_UUID)
                # One that is itself a key to something is shown to nobody.
                words.append("[^/]+" if part.type is str and "token" not in part.name else _UUID)
        # Most paths are shown as they are: one look tells.
        self._fits = re.compile("/" + "/".join(ids)).fullmatch
        self._fits_what_is_there = re.compile("/" + "/".join(words)).fullmatch

    def shown(self, path: str, status: int) -> str:
        if not self._values:
            return self._text
        if (self._fits_what_is_there if status in _TELLS else self._fits)(path):
            return path
        # The router takes several slashes for one.
        parts = [part for part in path.split("/") if part]
        if len(parts) != self._length:
            return self._text
        for place in self._values:
            if not _is_uuid(parts[place]):
                parts[place] = HIDDEN
        return "/" + "/".join(parts)
