"""People and staff look at a profile and change it."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from msgspec import UNSET, UnsetType

from merx.contexts.users.domain.errors import ProfileNotFound
from merx.contexts.users.domain.profile import PERSONAL, Locale, Phone, Profile
from merx.contexts.users.events import ProfileChanged
from merx.contexts.users.ports.neighbours import Accounts, KnownAccount
from merx.contexts.users.ports.queries import Me, UsersQueries
from merx.contexts.users.ports.repositories import UsersUow, UsersUowFactory
from merx.kernel.actor import Actor
from merx.kernel.audit import AuditEntry, pictured_in_place
from merx.kernel.edits import same_version, set_given
from merx.kernel.ids import moment_of
from merx.kernel.model import Command
from merx.kernel.ports import Clock
from merx.kernel.text import Name


class ChangeProfile(Command, frozen=True):
    """`phone` empty, `locale` and `birthday` null take the value away."""

    name: Name | UnsetType = UNSET
    phone: Phone | UnsetType = UNSET
    locale: Locale | None | UnsetType = UNSET
    birthday: date | None | UnsetType = UNSET


async def profile_of(uow: UsersUow, account: KnownAccount) -> Profile:
    """The locked profile, made now for an account that is older than its profile.

    The news of a registration arrives a moment after it, and nobody has to wait for that.
    """
    found = await uow.profiles.find((account.id,))
    if not found:
        begun = Profile.begin(account.id, account.email, account.name, account.kind, moment_of(account.id))
        await uow.profiles.ensure(begun)
    return await uow.profiles.locked(account.id)


async def known_profile(
    uow_of: UsersUowFactory, queries: UsersQueries, accounts: Accounts, account_id: UUID
) -> Profile:
    """The profile of any account, closed ones too when they had one: from now on it can be locked.

    Identity is asked, so no transaction may be open. Raises ProfileNotFound.
    """
    found = await queries.profile(account_id)
    if found is None:
        account = await open_account(accounts, account_id)
        async with uow_of() as uow:
            found = await profile_of(uow, account)
            await uow.commit()
    return found


async def apply_change(uow: UsersUow, profile: Profile, cmd: ChangeProfile, now: datetime) -> None:
    """Saves and tells. Raises InvalidProfile, StaleVersion."""
    set_given(profile, cmd)
    profile.settle(now.date())
    await uow.profiles.save(profile)
    uow.emit(ProfileChanged(at=now, account_id=profile.id, name=profile.name, locale=profile.locale))


def as_me(account: KnownAccount, profile: Profile) -> Me:
    return Me(
        account.id,
        profile.version,
        account.email,
        account.email_verified,
        profile.name,
        account.kind,
        account.permissions,
        profile.phone,
        profile.locale,
        profile.birthday,
    )


@dataclass(frozen=True, slots=True)
class ReadMeHandler:
    """Raises ProfileNotFound for an account that is not open any more."""

    uow: UsersUowFactory
    queries: UsersQueries
    accounts: Accounts

    async def __call__(self, account_id: UUID | None) -> Me:
        account = await open_account(self.accounts, account_id)
        return as_me(account, await known_profile(self.uow, self.queries, self.accounts, account.id))


@dataclass(frozen=True, slots=True)
class ChangeProfileHandler:
    """Raises ProfileNotFound, StaleVersion, InvalidProfile."""

    uow: UsersUowFactory
    accounts: Accounts
    clock: Clock

    async def __call__(
        self, actor: Actor, account_id: UUID | None, cmd: ChangeProfile, version: int | None = None
    ) -> Me:
        account = await open_account(self.accounts, account_id)
        now = self.clock.now()
        async with self.uow() as uow:
            profile = await profile_of(uow, account)
            same_version(profile, version)
            before = pictured_in_place(actor, profile, hide=PERSONAL)
            await apply_change(uow, profile, cmd, now)
            uow.record(*AuditEntry.in_place(actor, "users.profile-changed", profile, before=before, hide=PERSONAL))
            await uow.commit()
        return as_me(account, profile)


async def open_account(accounts: Accounts, account_id: UUID | None) -> KnownAccount:
    """Raises ProfileNotFound."""
    account = await accounts.account(account_id) if account_id else None
    if account is None:
        raise ProfileNotFound("no account that is open")
    return account
