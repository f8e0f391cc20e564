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

    def unknown(self, names: Iterable[str]) -> list[str]:
        """Those of `names` that mean no permission, neither alone nor, such as `orders:*`, as an area."""
        areas = {name.split(":")[0] for name in self._limits}
        known = self._limits.keys() | {f"{area}:*" for area in areas} | {"*"}
        return [name for name in names if name not in known]
