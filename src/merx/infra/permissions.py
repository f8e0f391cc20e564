"""Every permission there is: what the routes ask for. Nobody can be given one that no route knows."""

from collections.abc import Iterable, Mapping

from merx.kernel.rights import Limit


class PermissionCatalogue:
    """Filled once, when the routes are known. Implements PermissionNames."""

    def __init__(self) -> None:
        self._limits: dict[str, frozenset[Limit]] = {}

    def learn(self, names: Iterable[str], limits: Mapping[str, frozenset[Limit]] | None = None) -> None:
        self._limits = {name: (limits or {}).get(name, frozenset()) for name in names}

    def known(self) -> frozenset[str]:
        return frozenset(self._limits)

    def limits(self, name: str) -> frozenset[Limit]:
        return self._limits.get(name, frozenset())
