"""The neighbours' facades in the words of users."""

from dataclasses import dataclass
from uuid import UUID

from merx.contexts.identity.api import IdentityApi
from merx.contexts.users.ports.neighbours import KnownAccount


@dataclass(frozen=True, slots=True)
class IdentityAccounts:
    identity: IdentityApi

    async def account(self, account_id: UUID) -> KnownAccount | None:
        found = await self.identity.account(account_id)
        if found is None:
            return None
        return KnownAccount(
            found.account_id, found.email, found.name, found.kind, found.permissions, found.email_verified
        )
