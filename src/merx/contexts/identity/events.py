"""What others may hear of accounts."""

from typing import Literal
from uuid import UUID

from merx.kernel.model import Event


class AccountRegistered(Event, frozen=True, tag="identity.account-registered.v1"):
    account_id: UUID
    email: str
    name: str
    kind: Literal["customer", "staff"] = "customer"


class RegistrationRepeated(Event, frozen=True, tag="identity.registration-repeated.v1"):
    """Somebody registered with the e-mail of this account. The visitor was told nothing; its owner should know."""

    account_id: UUID
    email: str
    name: str


class SignedIn(Event, frozen=True, tag="identity.signed-in.v1"):
    account_id: UUID


class RefreshTokenReused(Event, frozen=True, tag="identity.refresh-token-reused.v1"):
    """A refresh token was used again after its time: it was copied. The session that it belonged to is over."""

    account_id: UUID
    session_id: UUID
    email: str
    name: str
