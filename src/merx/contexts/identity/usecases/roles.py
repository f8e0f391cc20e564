"""Roles are made, edited and removed."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from merx.contexts.identity.domain.errors import GivenByTwo, RoleInUse
from merx.contexts.identity.domain.guarded_rights import GuardedRights
from merx.contexts.identity.domain.role import MAX_GRANTS, Role
from merx.contexts.identity.ports.api_keys import PermissionNames
from merx.contexts.identity.ports.repositories import IdentityUow, IdentityUowFactory
from merx.contexts.identity.usecases.granting import ALL_STAFF, Grantor, grantor, grants_of
from merx.contexts.identity.usecases.grants import checked
from merx.kernel.actor import Actor
from merx.kernel.audit import AuditEntry, pictured
from merx.kernel.edits import same_version
from merx.kernel.model import Command
from merx.kernel.ports import Clock
from merx.kernel.rights import Grant
from merx.kernel.text import Name

Grants = Annotated[tuple[Grant, ...], msgspec.Meta(max_length=MAX_GRANTS)]
Description = Annotated[str, msgspec.Meta(max_length=1000, pattern=r"^[^\x00]*\Z")]


class CreateRole(Command, frozen=True):
    name: Name
    grants: Grants
    description: Description = ""


class ChangeRole(Command, frozen=True):
    """`grants` replaces all of them."""

    name: Name | UnsetType = UNSET
    grants: Grants | UnsetType = UNSET
    description: Description | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class RolesHandler:
    """Raises Forbidden and MoreThanOwn: see `granting`."""

    uow: IdentityUowFactory
    permissions: PermissionNames
    clock: Clock
    guarded: GuardedRights

    async def create(self, actor: Actor, cmd: CreateRole) -> UUID:
        """Raises RoleNameTaken, UnknownPermission and InvalidGrant too."""
        grants = checked(cmd.grants, self.permissions)
        role = Role.make(name=cmd.name, description=cmd.description, grants=grants, now=self.clock.now())
        async with self.uow() as uow:
            (await grantor(uow, actor)).must_hold_all(grants)
            await uow.roles.add(role)
            uow.record(AuditEntry.of(actor, "identity.role-made", role))
            await uow.commit()
        return role.id

    async def change(self, actor: Actor, role_id: UUID, cmd: ChangeRole, version: int | None = None) -> None:
        """For everybody who holds it, at once. Raises RoleNotFound, StaleVersion, OwnerIsFixed, GivenByTwo, and like
        `create`."""
        async with self.uow() as uow:
            by = await grantor(uow, actor)
            role = await self._open_role(uow, by, role_id, version)
            before = pictured(role)
            if cmd.name is not UNSET:
                role.rename(cmd.name)
            if cmd.description is not UNSET:
                role.description = cmd.description
            if cmd.grants is not UNSET:
                await self._regrant(uow, by, role, checked(cmd.grants, self.permissions))
            await uow.roles.save(role)
            uow.record(AuditEntry.of(actor, "identity.role-edited", role, before=before))
            await uow.commit()

    async def remove(self, actor: Actor, role_id: UUID, version: int | None = None) -> None:
        """Raises RoleNotFound, StaleVersion, OwnerIsFixed, RoleInUse."""
        async with self.uow() as uow:
            by = await grantor(uow, actor)
            role = await self._open_role(uow, by, role_id, version)
            if await uow.accounts.holders(role.id) or await uow.invitations.pending_with(role.id, self.clock.now()):
                raise RoleInUse
            await uow.roles.remove(role)
            uow.record(AuditEntry.of(actor, "identity.role-removed", role, gone=True))
            await uow.commit()

    async def _open_role(self, uow: IdentityUow, by: Grantor, role_id: UUID, version: int | None) -> Role:
        role = await uow.roles.get(role_id)
        role.must_be_open()
        same_version(role, version)
        by.must_hold_all(role.grants)
        return role

    async def _regrant(self, uow: IdentityUow, by: Grantor, role: Role, grants: tuple[str, ...]) -> None:
        if grants == role.grants:
            return
        by.must_hold_all(grants)
        holders = await uow.accounts.holders(role.id)
        gained = set(self.guarded.gained(role.grants, grants))
        for holder in holders:
            others = [each for each in await uow.roles.find(holder.role_ids) if each.id != role.id]
            beside = grants_of(others) | set(holder.permissions)
            before, after = beside | set(role.grants), beside | set(grants)
            by.must_hold_all(before)
            by.must_hold_all(after)
            # A denial that goes gives nothing by itself, and much to those who are allowed it by something else.
            gained.update(self.guarded.gained(before, after))
        if gained and (holders or await uow.invitations.pending_with(role.id, self.clock.now())):
            names = ", ".join(sorted(gained))
            raise GivenByTwo(f"{names}: make another role of it and give that to people one by one")
        role.grants = grants
        uow.invalidate(ALL_STAFF)
