"""What a successful sign-in hands out."""

from dataclasses import dataclass
from uuid import UUID

from merx.contexts.identity.domain.account import AccountKind
from merx.contexts.identity.domain.session import IDLE_LIFE, RefreshToken
from merx.contexts.identity.ports.security import AccessTokenIssuer
from merx.kernel.actor import ActorKind
from merx.kernel.model import View
from merx.kernel.rights import AS_HELD


class Tokens(View, frozen=True):
    """`access_token` goes into `Authorization: Bearer …` and lives `expires_in` seconds.

    `refresh_token` is good for one use at `/auth/refresh`, within `refresh_expires_in` seconds.
    """

    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105 - the scheme of RFC 6750, no secret
    refresh_expires_in: int = int(IDLE_LIFE.total_seconds())

    def __repr__(self) -> str:
        return "Tokens(***)"


@dataclass(frozen=True, slots=True)
class TokenPair:
    """`ttl` is the life of an access token in seconds.

    A token of staff names no rights: it speaks with what the account holds when a request comes.
    """

    access_tokens: AccessTokenIssuer
    ttl: int

    def make(self, account_id: UUID, kind: AccountKind, refresh: RefreshToken) -> Tokens:
        rights = (AS_HELD,) if kind is AccountKind.staff else ()
        access = self.access_tokens.issue(
            account_id, ActorKind(kind.value), rights, ttl=self.ttl, session_id=refresh.session_id
        )
        return Tokens(access, refresh.text(), self.ttl)
