"""People are asked to join the staff."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import msgspec

from merx.contexts.identity.domain.account import TypedEmail
from merx.contexts.identity.domain.errors import AlreadyInvited, GivenByTwo, OwnerHoldsNoOther
from merx.contexts.identity.domain.guarded_rights import GuardedRights
from merx.contexts.identity.domain.invitation import Invitation
from merx.contexts.identity.domain.role import OWNER
from merx.contexts.identity.ports.repositories import IdentityUow, IdentityUowFactory
from merx.contexts.identity.usecases.granting import grantor, grants_of, known_roles
from merx.kernel.actor import Actor
from merx.kernel.address import email_key
from merx.kernel.audit import AuditEntry, pictured
from merx.kernel.model import Command
from merx.kernel.ports import Clock


class InviteStaff(Command, frozen=True):
    email: TypedEmail
    roles: Annotated[tuple[UUID, ...], msgspec.Meta(min_length=1, max_length=20)]


@dataclass(frozen=True, slots=True)
class InvitationsHandler:
    """The answer and its time do not tell whether the e-mail has an account; its mailbox learns it.

    Raises Forbidden and MoreThanOwn: see `granting`.
    """

    uow: IdentityUowFactory
    clock: Clock
    guarded: GuardedRights

    async def invite(self, actor: Actor, cmd: InviteStaff) -> UUID:
        """Raises UnknownRole, OwnerHoldsNoOther, AlreadyInvited, GivenByTwo."""
        now, key = self.clock.now(), email_key(cmd.email)
        async with self.uow() as uow:
            by = await grantor(uow, actor)
            grants = grants_of(await known_roles(uow, cmd.roles))
            by.must_hold_all(grants)
            self._must_be_unguarded(grants)
            if OWNER in cmd.roles and len(set(cmd.roles)) > 1:
                raise OwnerHoldsNoOther
            pending = await uow.invitations.pending_to(key)
            if pending is not None:
                if pending.is_open(now):
                    raise AlreadyInvited
                pending.withdraw(now)
                await uow.invitations.save(pending)
            invitation = Invitation.make(email=cmd.email, role_ids=cmd.roles, invited_by=by.id, now=now)
            await uow.invitations.add(invitation)
            await self._send(uow, invitation)
            uow.record(AuditEntry.of(actor, "identity.staff-invited", invitation))
            await uow.commit()
        return invitation.id

    async def send_again(self, actor: Actor, invitation_id: UUID) -> None:
        """A new code for 72 hours; the one before is void.

        Raises InvitationNotFound, InvitationOver, UnknownRole, GivenByTwo.
        """
        async with self.uow() as uow:
            by = await grantor(uow, actor)
            invitation = await uow.invitations.get(invitation_id)
            grants = grants_of(await known_roles(uow, invitation.role_ids))
            by.must_hold_all(grants)
            # The roles may have grown since it was made.
            self._must_be_unguarded(grants)
            before = pictured(invitation)
            invitation.send_again(by.id, self.clock.now())
            await uow.invitations.save(invitation)
            await self._send(uow, invitation)
            uow.record(AuditEntry.of(actor, "identity.invitation-sent-again", invitation, before=before))
            await uow.commit()

    async def withdraw(self, actor: Actor, invitation_id: UUID) -> None:
        """Its code is void. Twice changes nothing. Raises InvitationNotFound, InvitationOver."""
        async with self.uow() as uow:
            by = await grantor(uow, actor)
            invitation = await uow.invitations.get(invitation_id)
            by.must_hold_all(grants_of(await uow.roles.find(invitation.role_ids)))
            before = pictured(invitation)
            if invitation.withdraw(self.clock.now()):
                await uow.invitations.save(invitation)
                uow.record(AuditEntry.of(actor, "identity.invitation-withdrawn", invitation, before=before))
                await uow.commit()

    def _must_be_unguarded(self, grants: set[str]) -> None:
        if gained := self.guarded.gained((), grants):
            raise GivenByTwo(f"{', '.join(gained)}: give it to the account when it is there")

    async def _send(self, uow: IdentityUow, invitation: Invitation) -> None:
        taken = await uow.accounts.email_taken(invitation.email_key)
        uow.emit(invitation.sent(self.clock.now(), address_is_free=not taken))
