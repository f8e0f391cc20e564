"""Rights that nobody is given by one person alone."""

from collections.abc import Iterable

import msgspec

from merx.kernel.rights import rights_of


class GuardedRights(msgspec.Struct, frozen=True):
    """`names` as grants name them, `*` and `orders:*` too; empty: none is guarded."""

    names: tuple[str, ...]

    def gained(self, before: Iterable[str], after: Iterable[str]) -> list[str]:
        """Of the rights that `after` has and `before` has not, or not so far, those that are guarded."""
        if not self.names:
            return []
        new = rights_of(frozenset(after)).beyond(rights_of(frozenset(before)))
        return [each for each in new if any(_meet(each, name) for name in self.names)]


def _meet(one: str, other: str) -> bool:
    """Whether some right is meant by both."""
    if "*" in (one, other) or one == other:
        return True
    (area, action), (its_area, its_action) = one.split(":", 1), other.split(":", 1)
    return area == its_area and "*" in (action, its_action)
