"""What is read of the members of staff."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from merx.contexts.identity.domain.account import AccountStatus
from merx.kernel.model import View
from merx.kernel.paging import Page
from merx.kernel.rights import Grant
from merx.kernel.text import search_key


class RoleName(View, frozen=True):
    id: UUID
    name: str


class StaffView(View, frozen=True):
    """`grants` are held beside the roles. `version` goes into `If-Match` of a change."""

    id: UUID
    version: int
    email: str
    name: str
    status: AccountStatus
    roles: tuple[RoleName, ...]
    grants: tuple[Grant, ...]
    created_at: datetime


class StaffFilter(msgspec.Struct, frozen=True, kw_only=True):
    """`prefix` is the beginning of a name or of an e-mail, as `kernel.text.search_key` makes it."""

    prefix: str = ""
    status: AccountStatus | None = None
    role_id: UUID | None = None
    after: str | None = None
    limit: int = 20


def is_called(name: str, email: str, prefix: str) -> bool:
    """Whether somebody of the staff is one whom `prefix` of a StaffFilter means."""
    return search_key(name).startswith(prefix) or search_key(email).startswith(prefix)


class StaffQueries(Protocol):
    async def page(self, wanted: StaffFilter) -> Page[StaffView]:
        """In the order of making, those too that are disabled or closed."""
        ...

    async def one(self, account_id: UUID) -> StaffView:
        """Raises StaffNotFound."""
        ...
