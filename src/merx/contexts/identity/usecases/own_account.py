"""The account of whoever is signed in."""

from uuid import UUID

from merx.contexts.identity.domain.account import Account
from merx.contexts.identity.domain.errors import AccountNotFound, InvalidCredentials
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
