"""Categories form a tree; brands are flat."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from merx.kernel.model import Entity
from merx.kernel.text import slugify


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


def name_slugs(name: str, id: UUID) -> tuple[str, str]:
    """The slug a name asks for, and one for when it is taken: of its own in any case."""
    slug = slugify(name)
    return slug or str(id), f"{slug}-{id.hex[-8:]}".lstrip("-")


def category_slugs(name: str, id: UUID, parents: Sequence[Crumb]) -> tuple[str, str, str]:
    """As `name_slugs`; in between stands the one of parent and name, for many branches of a tree have "Shoes"."""
    first, last = name_slugs(name, id)
    return first, slugify(f"{parents[-1].slug}-{first}") if parents else last, last


LAST_PROPOSAL = 2
