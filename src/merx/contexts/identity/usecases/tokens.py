"""What a successful sign-in hands out."""

from dataclasses import dataclass
from uuid import UUID

from merx.contexts.identity.domain.account import AccountKind
from merx.contexts.identity.domain.second_factors import HeldFactors, proof_level
from merx.contexts.identity.domain.session import IDLE_LIFE, RefreshToken, Session
from merx.contexts.identity.ports.security import AccessTokenIssuer
from merx.kernel.actor import ActorKind, Proof, ProofLevel
from merx.kernel.model import View
from merx.kernel.rights import AS_HELD

# The scheme of RFC 6750.
BEARER = "Bearer"


class Tokens(View, frozen=True):
    """`access_token` goes into `Authorization: Bearer …` and lives `expires_in` seconds.

    `refresh_token` is good for one use at `/auth/refresh`, within `refresh_expires_in` seconds.
    """

    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str = BEARER
    refresh_expires_in: int = int(IDLE_LIFE.total_seconds())

    def __repr__(self) -> str:
        return "Tokens(***)"


class FreshAccess(View, frozen=True):
    """An access token in place of the one that the caller has; the refresh token stays."""

    access_token: str
    expires_in: int
    token_type: str = BEARER

    def __repr__(self) -> str:
        return "FreshAccess(***)"


class TokenHolder(View, frozen=True):
    """Whom a token shall speak for, and what the account can prove now."""

    account_id: UUID
    kind: AccountKind
    held: HeldFactors


@dataclass(frozen=True, slots=True)
class TokenPair:
    """`ttl` is the life of an access token in seconds. `staff_must`: staff has to have a second factor.

    A token of staff names no rights: it speaks with what the account holds when a request comes. One of staff that
    still owes a second factor speaks with nothing, and is good for setting one up.
    """

    access_tokens: AccessTokenIssuer
    ttl: int
    staff_must: bool

    def make(self, holder: TokenHolder, session: Session, refresh: RefreshToken) -> Tokens:
        access = self.access(holder, self.proof(holder, session), session.id)
        return Tokens(access.access_token, refresh.text(), self.ttl)

    def access(
        self, holder: TokenHolder, proof: Proof, session_id: UUID | None, rights: tuple[str, ...] = (AS_HELD,)
    ) -> FreshAccess:
        """`rights`: what a token of staff names."""
        owing = proof.level in (ProofLevel.limited, ProofLevel.enrolling)
        named = rights if holder.kind is AccountKind.staff and not owing else ()
        access = self.access_tokens.issue(
            holder.account_id, ActorKind(holder.kind.value), named, ttl=self.ttl, session_id=session_id, proof=proof
        )
        return FreshAccess(access, self.ttl)

    def proof(self, holder: TokenHolder, session: Session) -> Proof:
        level = proof_level(holder.kind, holder.held, session.methods, staff_must=self.staff_must)
        return Proof(at=int(session.proved_at.timestamp()), methods=session.methods, level=level)
