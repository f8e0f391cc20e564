"""A role: a name for a set of grants."""

from datetime import datetime
from typing import Self
from uuid import UUID

from merx.contexts.identity.domain.errors import OwnerIsFixed
from merx.kernel.ids import new_id
from merx.kernel.model import Entity

OWNER = UUID("01980000-0000-7000-8000-000000000101")
"""The role of those to whom the shop belongs: all there is. It cannot be changed or removed."""

MAX_GRANTS = 100


class Role(Entity, kw_only=True):
    """`grants` as text. Two roles never share a name, however it is written."""

    name: str
    name_key: str
    description: str = ""
    grants: tuple[str, ...]
    created_at: datetime

    @classmethod
    def make(cls, *, name: str, description: str, grants: tuple[str, ...], now: datetime) -> Self:
        return cls(
            id=new_id(), name=name, name_key=name_key(name), description=description, grants=grants, created_at=now
        )

    def must_be_open(self) -> None:
        """Raises OwnerIsFixed."""
        if self.id == OWNER:
            raise OwnerIsFixed

    def rename(self, name: str) -> None:
        self.name, self.name_key = name, name_key(name)


def name_key(name: str) -> str:
    return " ".join(name.split()).casefold()[:400]
