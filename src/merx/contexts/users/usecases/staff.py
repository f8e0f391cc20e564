"""Staff looks at a person, whatever the state of the account, and corrects a profile."""

from dataclasses import dataclass
from uuid import UUID

from merx.contexts.users.domain.errors import StaffProfile
from merx.contexts.users.domain.profile import PERSONAL, Profile
from merx.contexts.users.ports.neighbours import Accounts
from merx.contexts.users.ports.queries import TimelineEntry, UserDetail, UsersQueries
from merx.contexts.users.ports.repositories import UsersUowFactory
from merx.contexts.users.usecases.profiles import ChangeProfile, apply_change, known_profile
from merx.kernel.actor import Actor
from merx.kernel.audit import AuditEntry, pictured
from merx.kernel.edits import same_version
from merx.kernel.paging import Page
from merx.kernel.ports import Clock


@dataclass(frozen=True, slots=True)
class ReadUserHandler:
    """Raises ProfileNotFound."""

    uow: UsersUowFactory
    queries: UsersQueries
    accounts: Accounts

    async def __call__(self, account_id: UUID) -> UserDetail:
        profile = await self.profile(account_id)
        return UserDetail(
            profile.id,
            profile.version,
            profile.email,
            profile.name,
            profile.kind,
            profile.phone,
            profile.locale,
            profile.birthday,
            profile.registered_at,
            await self.queries.groups_of(account_id),
            await self.queries.consents(account_id),
        )

    async def timeline(self, account_id: UUID, after: str | None, limit: int) -> Page[TimelineEntry]:
        await self.profile(account_id)
        return await self.queries.timeline(account_id, after, limit)

    async def profile(self, account_id: UUID) -> Profile:
        return await known_profile(self.uow, self.queries, self.accounts, account_id)


@dataclass(frozen=True, slots=True)
class ChangeUserHandler:
    """Raises ProfileNotFound, StaffProfile, StaleVersion, InvalidProfile."""

    uow: UsersUowFactory
    queries: UsersQueries
    accounts: Accounts
    clock: Clock

    async def __call__(self, actor: Actor, account_id: UUID, cmd: ChangeProfile, version: int | None = None) -> None:
        known = await known_profile(self.uow, self.queries, self.accounts, account_id)
        if known.kind == "staff" and account_id != actor.account_id:
            raise StaffProfile("Members of staff change their own profile at /users/me.")
        async with self.uow() as uow:
            profile = await uow.profiles.locked(account_id)
            same_version(profile, version)
            before = pictured(profile, hide=PERSONAL)
            await apply_change(uow, profile, cmd, self.clock.now())
            uow.record(AuditEntry.of(actor, "users.profile-changed", profile, before=before, hide=PERSONAL))
            await uow.commit()
