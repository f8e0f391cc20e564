"""Categories form a tree; brands are flat."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from merx.kernel.model import Entity


class Crumb(msgspec.Struct, frozen=True):
    """One step of the way from the root to a category."""

    id: UUID
    slug: str
    name: str


class Category(Entity):
    """`trail` runs from the root to the category itself, kept with it so that no read walks the tree."""

    slug: str
    name: str
    parent_id: UUID | None = None
    position: int = 0
    trail: list[Crumb] = []

    def place(self, parents: Sequence[Crumb]) -> None:
        self.trail = [*parents, Crumb(self.id, self.slug, self.name)]
        self.parent_id = parents[-1].id if parents else None

    def is_below(self, other_id: UUID) -> bool:
        return any(crumb.id == other_id for crumb in self.trail)


class Brand(Entity):
    slug: str
    name: str
