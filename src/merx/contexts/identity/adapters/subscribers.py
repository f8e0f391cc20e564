"""What identity hears: people choose another name for themselves, and mail should greet them with it."""

from merx.contexts.identity.ports.repositories import IdentityUow
from merx.contexts.users.events import ProfileChanged


async def on_profile_changed(event: ProfileChanged, uow: IdentityUow) -> None:
    """Hearing it twice changes nothing."""
    for account in await uow.accounts.find((event.account_id,)):
        if account.name != event.name:
            account.name = event.name
            await uow.accounts.save(account)
