"""Every permission there is: what the routes ask for. Nobody can be given one that no route knows."""

from collections.abc import Iterable


class PermissionCatalogue:
    """Filled once, when the routes are known."""

    def __init__(self) -> None:
        self._names: frozenset[str] = frozenset()

    def learn(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)

    def known(self) -> frozenset[str]:
        return self._names
