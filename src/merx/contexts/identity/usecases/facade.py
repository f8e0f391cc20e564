"""What other contexts may ask about accounts."""

from dataclasses import dataclass
from uuid import UUID

from merx.contexts.identity.api import AccountSummary
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.domain.errors import InvalidCredentials
from merx.contexts.identity.ports.queries import IdentityQueries
from merx.contexts.identity.usecases.close_account import CloseAccountHandler
from merx.contexts.identity.usecases.present_password import PresentPassword
from merx.contexts.identity.usecases.second_factor_first import SecondFactorFirst
from merx.kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class IdentityFacade:
    """Implements IdentityApi."""

    queries: IdentityQueries
    present_password: PresentPassword
    second_factor_first: SecondFactorFirst
    close_account: CloseAccountHandler

    async def account(self, account_id: UUID) -> AccountSummary | None:
        profile = await self.queries.profile(account_id)
        if profile is None:
            return None
        return AccountSummary(
            profile.id, profile.email, profile.name, profile.kind.value, profile.permissions, profile.email_verified
        )

    async def prove(self, actor: Actor, password: str | None) -> None:
        if actor.account_id is None:
            raise InvalidCredentials
        if password is None:
            actor.must_be_fresh()
            return
        # Before the password is looked at: whoever has that alone learns nothing about it here.
        await self.second_factor_first(actor, actor.account_id)
        await self.present_password(actor.account_id, password, Caller.of(actor.client, "", actor.request_id))

    async def close(self, account_id: UUID) -> None:
        await self.close_account(account_id)
