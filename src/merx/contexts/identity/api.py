"""What other contexts may ask about accounts."""

from typing import Literal, Protocol
from uuid import UUID

import msgspec

from merx.kernel.actor import Actor


class AccountSummary(msgspec.Struct, frozen=True):
    """`permissions` are those that the account holds now; a customer has none."""

    account_id: UUID
    email: str
    name: str
    kind: Literal["customer", "staff"] = "customer"
    permissions: tuple[str, ...] = ()
    email_verified: bool = False


class IdentityApi(Protocol):
    async def account(self, account_id: UUID) -> AccountSummary | None:
        """The account, None when there is none or it is closed."""
        ...

    async def prove(self, actor: Actor, password: str | None) -> None:
        """That whoever is signed in is the owner of the account, before what cannot be taken back.

        The password is enough for an account without a second factor. Without a password, and where there is a second
        factor, the owner must have proved herself lately: StepUpNeeded. Raises an Invalid for a wrong password,
        Unauthenticated for an account that is closed, RateLimited for guessing and Unavailable when too many hash
        already.
        """
        ...

    async def close(self, account_id: UUID) -> None:
        """For good: nobody signs in any more and every session ends. A second time changes nothing.

        Access tokens that were handed out before live on to the end of their minutes.
        """
        ...
