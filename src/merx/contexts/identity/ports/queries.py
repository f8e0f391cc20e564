"""What identity reads without loading an aggregate."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from merx.contexts.identity.domain.account import AccountKind, AccountStatus
from merx.kernel.model import View

MAX_SESSIONS = 100


class Credentials(View, frozen=True):
    """What a sign-in is checked against."""

    account_id: UUID
    kind: AccountKind
    status: AccountStatus
    permissions: tuple[str, ...]
    password_hash: str | None

    def __repr__(self) -> str:
        return f"Credentials({self.account_id})"


class Profile(View, frozen=True):
    """An account as its owner sees it."""

    id: UUID
    email: str
    name: str
    kind: AccountKind
    permissions: tuple[str, ...]
    email_verified: bool


class SessionSummary(View, frozen=True):
    """A sign-in as its owner sees it. `device` is what the program called itself, `used_at` the last refresh.

    `methods`: with what its owner proved herself there, in this order; empty for a sign-in of an earlier version.
    """

    id: UUID
    device: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    methods: tuple[str, ...] = ()
    current: bool = False


class IdentityQueries(Protocol):
    async def credentials(self, email_key: str) -> Credentials | None:
        """Of any account, closed ones too."""
        ...

    async def profile(self, account_id: UUID) -> Profile | None:
        """None when there is no such account or it is closed."""
        ...

    async def first_staff(self) -> Profile | None:
        """The oldest active staff account."""
        ...

    async def goes_on(self, session_id: UUID, account_id: UUID, now: datetime) -> bool:
        """Whether the account has that session and it is neither ended nor over."""
        ...

    async def sessions(self, account_id: UUID, now: datetime) -> list[SessionSummary]:
        """Those that go on, at most MAX_SESSIONS, the last used first. None is marked as current."""
        ...
