"""What members of staff may do, and whether they may come in."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from merx.contexts.identity.domain.account import PERSONAL, Account, AccountKind, AccountStatus
from merx.contexts.identity.domain.errors import AccountNotFound, StaffNotFound
from merx.contexts.identity.domain.guarded_rights import GuardedRights
from merx.contexts.identity.domain.role import OWNER
from merx.contexts.identity.domain.session import EndReason
from merx.contexts.identity.ports.api_keys import PermissionNames
from merx.contexts.identity.ports.repositories import IdentityUow, IdentityUowFactory
from merx.contexts.identity.usecases.granting import (
    Grantor,
    grantor,
    held_by,
    known_roles,
    must_leave_an_owner,
    staff_tag,
)
from merx.contexts.identity.usecases.grants import checked
from merx.kernel.actor import Actor
from merx.kernel.approvals import ApprovalStale, Asked, Kind, SecondPerson
from merx.kernel.audit import AuditEntry, Picture, pictured
from merx.kernel.edits import same_version
from merx.kernel.model import Command
from merx.kernel.ports import Clock
from merx.kernel.rights import Grant

CHANGE = Kind("identity.change-staff", "staff:write")
RoleIds = Annotated[tuple[UUID, ...], msgspec.Meta(max_length=20)]


class ChangeStaff(Command, frozen=True):
    """What is given replaces all that was held. `grants` are held beside the roles."""

    roles: RoleIds | UnsetType = UNSET
    grants: Annotated[tuple[Grant, ...], msgspec.Meta(max_length=50)] | UnsetType = UNSET


class AskedChange(ChangeStaff, frozen=True):
    """`holds` is what the account would hold then, as text: a role is worth what it grants at the time."""

    holds: tuple[str, ...] | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class _Changed:
    """An account that was changed and not saved, with what it was, and what it held before and would hold."""

    account: Account
    before: Picture
    held: set[str]
    holds: set[str]


@dataclass(frozen=True, slots=True)
class StaffHandler:
    """Raises StaffNotFound, StaleVersion, LastOwner, and Forbidden and MoreThanOwn: see `granting`."""

    uow: IdentityUowFactory
    permissions: PermissionNames
    clock: Clock
    guarded: GuardedRights
    second: SecondPerson

    async def change(
        self, actor: Actor, account_id: UUID, cmd: ChangeStaff, version: int | None = None
    ) -> Asked | None:
        """At once, in every process. Raises UnknownRole, UnknownPermission, InvalidGrant, OwnerHoldsNoOther too.

        Where guarded rights are gained nothing changes, and the answer is what another person has to agree to.
        """
        async with self.uow() as uow:
            changed = await self._changed(uow, actor, account_id, cmd, version)
            if changed is None:
                return None
            asked = None
            if self.guarded.gained(changed.held, changed.holds):
                about = AskedChange(roles=cmd.roles, grants=cmd.grants, holds=tuple(sorted(changed.holds)))
                asked = await self.second.ask(uow, actor, CHANGE, changed.account, about)
            else:
                await self._save(uow, actor, changed)
            await uow.commit()
        return asked

    async def approved(self, actor: Actor, approval_id: UUID) -> None:
        """What another person asked for: whoever agrees must hold all of it too.

        Raises ApprovalStale when it would give other rights by now than those that were asked about.
        """
        async with self.uow() as uow:
            approval = await self.second.approve(uow, actor, approval_id)
            cmd = approval.cmd(AskedChange)
            changed = await self._changed(uow, actor, approval.target_id, cmd, approval.target_version)
            if changed is not None:
                if cmd.holds is UNSET or set(cmd.holds) != changed.holds:
                    raise ApprovalStale
                await self._save(uow, actor, changed)
            await uow.commit()

    async def _changed(
        self, uow: IdentityUow, actor: Actor, account_id: UUID, cmd: ChangeStaff, version: int | None
    ) -> _Changed | None:
        """None when it is so already."""
        by = await grantor(uow, actor)
        account = await self._below(uow, by, account_id, version)
        before, owner = pictured(account, hide=PERSONAL), OWNER in account.role_ids
        held = await held_by(uow, account)
        role_ids = account.role_ids if cmd.roles is UNSET else cmd.roles
        grants = account.permissions if cmd.grants is UNSET else checked(cmd.grants, self.permissions)
        await known_roles(uow, role_ids)
        if not account.grant(grants, role_ids):
            return None
        holds = await held_by(uow, account)
        by.must_hold_all(holds)
        if owner and OWNER not in account.role_ids:
            await must_leave_an_owner(uow, account.id)
        return _Changed(account, before, held, holds)

    @staticmethod
    async def _save(uow: IdentityUow, actor: Actor, changed: _Changed) -> None:
        account = changed.account
        await uow.accounts.save(account)
        uow.record(AuditEntry.of(actor, "identity.staff-rights-changed", account, before=changed.before, hide=PERSONAL))
        uow.invalidate(staff_tag(account.id))

    async def disable(self, actor: Actor, account_id: UUID, version: int | None = None) -> None:
        """Out at once: sessions end, and access tokens are refused in every process. Twice changes nothing."""
        async with self.uow() as uow:
            by = await grantor(uow, actor)
            account = await self._below(uow, by, account_id, version)
            before = pictured(account, hide=PERSONAL)
            if not account.disable():
                return
            if OWNER in account.role_ids:
                await must_leave_an_owner(uow, account.id)
            await uow.accounts.save(account)
            await uow.sessions.end_all(account.id, EndReason.disabled, self.clock.now())
            uow.record(AuditEntry.of(actor, "identity.staff-disabled", account, before=before, hide=PERSONAL))
            uow.invalidate(staff_tag(account.id))
            await uow.commit()

    async def enable(self, actor: Actor, account_id: UUID, version: int | None = None) -> None:
        """What the account held it holds again; it has to sign in. Twice changes nothing."""
        async with self.uow() as uow:
            by = await grantor(uow, actor)
            account = await self._below(uow, by, account_id, version)
            before = pictured(account, hide=PERSONAL)
            if account.enable():
                await uow.accounts.save(account)
                uow.record(AuditEntry.of(actor, "identity.staff-enabled", account, before=before, hide=PERSONAL))
                uow.invalidate(staff_tag(account.id))
                await uow.commit()

    @staticmethod
    async def _below(uow: IdentityUow, by: Grantor, account_id: UUID, version: int | None) -> Account:
        """The account, locked, of somebody who holds no more than the grantor."""
        try:
            account = await uow.accounts.locked(account_id)
        except AccountNotFound:
            raise StaffNotFound from None
        if account.kind is not AccountKind.staff or account.status is AccountStatus.closed:
            raise StaffNotFound
        same_version(account, version)
        by.must_hold_all(await held_by(uow, account))
        return account
