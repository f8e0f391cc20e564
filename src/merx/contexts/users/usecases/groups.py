"""Staff puts customers into groups."""

from dataclasses import dataclass
from uuid import UUID

from msgspec import UNSET, UnsetType

from merx.contexts.users.domain.customer_group import CustomerGroup
from merx.contexts.users.events import GroupMembershipChanged
from merx.contexts.users.ports.neighbours import Accounts
from merx.contexts.users.ports.queries import TimelineEntry, UsersQueries
from merx.contexts.users.ports.repositories import UsersUow, UsersUowFactory
from merx.contexts.users.usecases.profiles import known_profile
from merx.kernel.actor import Actor
from merx.kernel.audit import AuditEntry, facts, pictured
from merx.kernel.edits import same_version, set_given
from merx.kernel.ids import new_id
from merx.kernel.model import Command
from merx.kernel.ports import Clock
from merx.kernel.text import Name, Slug, Text


class CreateGroup(Command, frozen=True):
    code: Slug
    name: Name
    description: Text = ""


class ChangeGroup(Command, frozen=True):
    name: Name | UnsetType = UNSET
    description: Text | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class CreateGroupHandler:
    """Raises GroupCodeTaken."""

    uow: UsersUowFactory
    clock: Clock

    async def __call__(self, actor: Actor, cmd: CreateGroup) -> UUID:
        group = CustomerGroup(
            id=new_id(), code=cmd.code, name=cmd.name, description=cmd.description, created_at=self.clock.now()
        )
        async with self.uow() as uow:
            await uow.groups.add(group)
            uow.record(AuditEntry.of(actor, "users.group-created", group))
            await uow.commit()
        return group.id


@dataclass(frozen=True, slots=True)
class ChangeGroupHandler:
    """Raises GroupNotFound, StaleVersion."""

    uow: UsersUowFactory

    async def __call__(self, actor: Actor, group_id: UUID, cmd: ChangeGroup, version: int | None = None) -> None:
        async with self.uow() as uow:
            group = await uow.groups.get(group_id)
            same_version(group, version)
            before = pictured(group)
            set_given(group, cmd)
            await uow.groups.save(group)
            uow.record(AuditEntry.of(actor, "users.group-changed", group, before=before))
            await uow.commit()


@dataclass(frozen=True, slots=True)
class RemoveGroupHandler:
    """Only an empty group goes. Raises GroupNotFound, StaleVersion, GroupInUse."""

    uow: UsersUowFactory

    async def __call__(self, actor: Actor, group_id: UUID, version: int | None = None) -> None:
        async with self.uow() as uow:
            group = await uow.groups.get(group_id)
            same_version(group, version)
            await uow.groups.remove(group)
            uow.record(AuditEntry.of(actor, "users.group-removed", group, gone=True))
            await uow.commit()


@dataclass(frozen=True, slots=True)
class MembershipHandler:
    """Joining or leaving twice changes nothing. Raises GroupNotFound, ProfileNotFound."""

    uow: UsersUowFactory
    queries: UsersQueries
    accounts: Accounts
    clock: Clock

    async def join(self, actor: Actor, group_id: UUID, account_id: UUID) -> None:
        await known_profile(self.uow, self.queries, self.accounts, account_id)
        async with self.uow() as uow:
            group = await uow.groups.get(group_id)
            if await uow.groups.join(group_id, account_id, self.clock.now()):
                await self._tell(uow, actor, group, account_id, member=True)
                await uow.commit()

    async def leave(self, actor: Actor, group_id: UUID, account_id: UUID) -> None:
        async with self.uow() as uow:
            group = await uow.groups.get(group_id)
            await uow.profiles.get(account_id)
            if await uow.groups.leave(group_id, account_id):
                await self._tell(uow, actor, group, account_id, member=False)
                await uow.commit()

    async def _tell(self, uow: UsersUow, actor: Actor, group: CustomerGroup, account_id: UUID, *, member: bool) -> None:
        now = self.clock.now()
        event = GroupMembershipChanged(at=now, account_id=account_id, group_id=group.id, code=group.code, member=member)
        uow.emit(event)
        kind = "group_joined" if member else "group_left"
        await uow.timeline.note(TimelineEntry(event.id, now, kind, group.code, group.id), account_id)
        uow.record(
            AuditEntry(
                actor=actor,
                action=f"users.group-{'joined' if member else 'left'}",
                target="account",
                target_id=account_id,
                changes=facts(group_id=group.id, group=group.code),
            )
        )
