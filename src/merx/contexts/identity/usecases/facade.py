"""What other contexts may ask about accounts."""

from dataclasses import dataclass
from uuid import UUID

from merx.contexts.identity.api import AccountSummary
from merx.contexts.identity.ports.queries import IdentityQueries


@dataclass(frozen=True, slots=True)
class IdentityFacade:
    """Implements IdentityApi."""

    queries: IdentityQueries

    async def account(self, account_id: UUID) -> AccountSummary | None:
        profile = await self.queries.profile(account_id)
        if profile is None:
            return None
        return AccountSummary(profile.id, profile.email, profile.name, profile.kind.value, profile.permissions)
