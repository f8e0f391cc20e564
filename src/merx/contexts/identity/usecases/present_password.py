"""Whoever is signed in shows once more that she knows the password."""

from dataclasses import dataclass
from uuid import UUID

from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.domain.errors import InvalidCredentials, NoPassword, WrongPassword
from merx.contexts.identity.ports.queries import Credentials, IdentityQueries
from merx.contexts.identity.ports.security import Passwords, Throttle
from merx.contexts.identity.usecases.note_refusal import RefusalNotes
from merx.kernel.address import email_key
from merx.kernel.errors import RateLimited


@dataclass(frozen=True, slots=True)
class PresentPassword:
    """A token that was left open on a shared computer is not enough to take an account away.

    Raises WrongPassword, NoPassword, InvalidCredentials for an account that is closed, RateLimited and Unavailable.
    """

    queries: IdentityQueries
    passwords: Passwords
    throttle: Throttle
    refusals: RefusalNotes

    async def __call__(self, account_id: UUID, password: str, caller: Caller) -> Credentials:
        profile = await self.queries.profile(account_id)
        if profile is None:
            raise InvalidCredentials
        key = email_key(profile.email)
        actor = caller.speaking_as(profile.kind.value, account_id)
        try:
            await self.throttle.begin("present-password", key, caller.address)
        except RateLimited:
            await self.refusals.account(actor, "identity.password-throttled", account_id)
            raise
        found = await self.queries.credentials(key)
        if found is not None and found.account_id == account_id and found.password_hash is None:
            raise NoPassword
        correct = await self.passwords.verify(password, found.password_hash if found else None)
        if found is None or found.account_id != account_id or not correct:
            await self.refusals.account(actor, "identity.password-refused", account_id)
            raise WrongPassword
        await self.throttle.succeeded("present-password", key, caller.address)
        return found
