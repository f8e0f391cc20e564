"""What opens an account: its owner may not throw away the last of it by mistake."""

from dataclasses import dataclass
from uuid import UUID

from merx.contexts.identity.domain.account import Account
from merx.contexts.identity.domain.provider_errors import LastWayIn
from merx.contexts.identity.ports.providers import Providers
from merx.contexts.identity.ports.repositories import IdentityUow


@dataclass(frozen=True, slots=True)
class WaysIn:
    """A password, passkeys, and linked identities of providers through which this kind of account can come at present.

    Lock the account before: of two ways that are removed at once the second one sees that the first is gone. A code by
    mail is no way of its own, for the owner may have lost that mailbox without noticing.
    """

    providers: Providers

    async def must_remain(self, uow: IdentityUow, account: Account, *, without: UUID | None = None) -> None:
        """`without` is the passkey or identity that goes, if it is not gone already. Raises LastWayIn."""
        if account.password_hash is not None:
            return
        if any(passkey.id != without for passkey in await uow.passkeys.of(account.id)):
            return
        usable = self.providers.issuers(account.kind)
        linked = await uow.linked_identities.of_account(account.id)
        if not any(identity.id != without and identity.issuer in usable for identity in linked):
            raise LastWayIn(
                "Choose a password first (with a code by mail, as if it were forgotten), or add another way."
            )
