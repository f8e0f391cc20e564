"""What the use cases of roles read and write."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from merx.contexts.identity.domain.role import Role
from merx.kernel.model import View
from merx.kernel.paging import Page
from merx.kernel.ports import Repository
from merx.kernel.rights import Grant


class RoleView(View, frozen=True):
    """`version` goes into `If-Match` of a change."""

    id: UUID
    version: int
    name: str
    description: str
    grants: tuple[Grant, ...]
    created_at: datetime


class Roles(Repository[Role], Protocol):
    """`add` and `save` raise RoleNameTaken, `get` raises RoleNotFound."""

    async def take_turn(self) -> None:
        """Whoever changes what anybody may do does it alone, until this transaction ends. Take it before any lock."""
        ...


class RoleQueries(Protocol):
    async def page(self, limit: int, after: str | None) -> Page[RoleView]:
        """In the order of making."""
        ...

    async def one(self, role_id: UUID) -> RoleView:
        """Raises RoleNotFound."""
        ...
