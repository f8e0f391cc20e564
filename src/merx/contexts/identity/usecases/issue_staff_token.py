"""An access token for a member of staff, for the command line."""

from dataclasses import dataclass

from merx.contexts.identity.domain.account import AccountKind
from merx.contexts.identity.domain.errors import AccountNotFound
from merx.contexts.identity.ports.queries import IdentityQueries, Profile
from merx.contexts.identity.ports.repositories import IdentityUowFactory
from merx.contexts.identity.ports.security import AccessTokenIssuer
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.address import email_key
from merx.kernel.audit import AuditEntry, facts
from merx.kernel.errors import Forbidden
from merx.kernel.rights import AS_HELD, Grant, InvalidGrant, rights_of

# Of the longest names: a token has 4,096 bytes at most.
MAX_NAMED = 40


@dataclass(frozen=True, slots=True)
class IssueStaffTokenHandler:
    """Without an e-mail it speaks for the oldest staff account, without permissions with all that the account holds
    when a request comes; with some, with those alone, as far as the account holds them.

    Raises AccountNotFound, InvalidGrant, and Forbidden for permissions that the account does not hold itself.
    """

    uow: IdentityUowFactory
    queries: IdentityQueries
    access_tokens: AccessTokenIssuer

    async def __call__(self, email: str | None, permissions: tuple[str, ...], ttl: int) -> tuple[str, Profile]:
        profile = await self._staff(email)
        held = rights_of(frozenset(profile.permissions))
        if len(permissions) > MAX_NAMED:
            raise InvalidGrant(f"a token names {MAX_NAMED} permissions at most; `orders:*` is all of an area")
        if any(Grant.parse(name).text() != Grant.parse(name).permission for name in permissions):
            raise InvalidGrant("name permissions alone, without limits")
        if missing := sorted(name for name in set(permissions) if not held.holds(name)):
            raise Forbidden(f"{profile.email} does not hold {', '.join(missing)}")
        async with self.uow() as uow:
            uow.record(
                AuditEntry(
                    actor=Actor.system(),
                    action="identity.staff-token-issued",
                    target="account",
                    target_id=profile.id,
                    changes=facts(permissions=list(permissions or profile.permissions), seconds=ttl),
                )
            )
            await uow.commit()
        return self.access_tokens.issue(profile.id, ActorKind.staff, (AS_HELD, *permissions), ttl=ttl), profile

    async def _staff(self, email: str | None) -> Profile:
        if email is None:
            profile = await self.queries.first_staff()
            if profile is None:
                raise AccountNotFound("this shop has no staff account yet")
            return profile
        found = await self.queries.credentials(email_key(email))
        profile = await self.queries.profile(found.account_id) if found else None
        if profile is None or profile.kind is not AccountKind.staff:
            raise AccountNotFound(f"no staff account has the e-mail {email}")
        return profile
