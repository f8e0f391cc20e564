"""The account of whoever is signed in."""

from uuid import UUID

from merx.contexts.identity.domain.account import Account
from merx.contexts.identity.domain.errors import AccountNotFound, InvalidCredentials
from merx.contexts.identity.domain.provider_errors import VerifyEmailFirst
from merx.contexts.identity.ports.repositories import IdentityUow


async def own_account(uow: IdentityUow, account_id: UUID) -> Account:
    """Locked. Raises InvalidCredentials when it was closed since: its access tokens live on for some minutes."""
    try:
        account = await uow.accounts.locked(account_id)
    except AccountNotFound:
        raise InvalidCredentials from None
    if not account.is_active:
        raise InvalidCredentials
    return account


async def proved_account(uow: IdentityUow, account_id: UUID) -> Account:
    """The same, for who adds a way in. Raises VerifyEmailFirst as long as nobody has shown to read its mailbox.

    The owner of that mailbox may be somebody else, who takes the account over with a new password: nothing of before
    must open it then, or keep her out.
    """
    account = await own_account(uow, account_id)
    if account.email_verified_at is None:
        raise VerifyEmailFirst
    return account
