"""What others may hear of accounts."""

from uuid import UUID

from merx.kernel.model import Event


class AccountRegistered(Event, tag="identity.account-registered.v1"):
    account_id: UUID
    email: str
    name: str


class SignedIn(Event, tag="identity.signed-in.v1"):
    account_id: UUID
