"""What users hear: somebody has an account now."""

from merx.contexts.identity.events import AccountRegistered
from merx.contexts.users.domain.profile import Profile
from merx.contexts.users.ports.repositories import UsersUow


async def on_account_registered(event: AccountRegistered, uow: UsersUow) -> None:
    """Hearing it twice, or after the person has opened their profile, changes nothing."""
    await uow.profiles.ensure(Profile.begin(event.account_id, event.email, event.name, event.kind, event.at))
