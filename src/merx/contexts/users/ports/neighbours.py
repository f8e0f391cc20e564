"""What users need from other contexts, in the words of users."""

from typing import Protocol
from uuid import UUID

from merx.contexts.users.domain.profile import Kind
from merx.kernel.model import View


class KnownAccount(View, frozen=True):
    """An open account. Permissions are those that it holds now."""

    id: UUID
    email: str
    name: str
    kind: Kind
    permissions: tuple[str, ...]
    email_verified: bool


class Accounts(Protocol):
    async def account(self, account_id: UUID) -> KnownAccount | None:
        """None when there is no such account or it is closed."""
        ...
