"""Whoever was invited becomes a member of staff."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from merx.contexts.identity.domain.account import Account, AccountKind, NewPassword
from merx.contexts.identity.domain.errors import EmailTaken, InvalidCode, MoreThanOwn
from merx.contexts.identity.domain.guarded_rights import GuardedRights
from merx.contexts.identity.domain.invitation import PURPOSE, Invitation
from merx.contexts.identity.domain.one_time_code import GivenCode
from merx.contexts.identity.ports.repositories import IdentityUow, IdentityUowFactory
from merx.contexts.identity.ports.security import CodeReader, Passwords, Throttle
from merx.contexts.identity.usecases.granting import grants_of, held_by
from merx.contexts.identity.usecases.grants import must_hold_all
from merx.kernel.actor import Actor
from merx.kernel.audit import AuditEntry, pictured
from merx.kernel.model import Command
from merx.kernel.ports import Clock
from merx.kernel.rights import rights_of
from merx.kernel.text import Name


class AcceptInvitation(Command, frozen=True):
    code: GivenCode
    name: Name
    password: NewPassword


@dataclass(frozen=True, slots=True)
class AcceptInvitationHandler:
    """Raises InvalidCode for every reason alike, and Unavailable when too many hash already.

    An invitation is worth what its sender could give now, and alone: it is void when the sender is out, or holds less
    meanwhile, and when its roles have guarded rights by now.
    """

    uow: IdentityUowFactory
    passwords: Passwords
    codes: CodeReader
    throttle: Throttle
    clock: Clock
    guarded: GuardedRights

    async def __call__(self, actor: Actor, cmd: AcceptInvitation) -> None:
        code_id = self.codes.read(PURPOSE, cmd.code)
        if code_id is None:
            # A code that we never made costs no hash.
            raise InvalidCode
        password_hash = await self.passwords.hash(cmd.password)
        now = self.clock.now()
        try:
            async with self.uow() as uow:
                await uow.roles.take_turn()
                invitation = await self._good(uow, code_id, now)
                account, registered = Account.open(
                    email=invitation.email,
                    name=cmd.name,
                    kind=AccountKind.staff,
                    role_ids=invitation.role_ids,
                    password_hash=password_hash,
                    now=now,
                )
                # The code was read in that mailbox.
                account.email_verified_at = now
                await uow.accounts.add(account)
                before = pictured(invitation)
                invitation.accept(account.id, now)
                await uow.invitations.save(invitation)
                uow.record(AuditEntry.of(actor, "identity.invitation-accepted", invitation, before=before))
                uow.emit(registered)
                await uow.commit()
        except (EmailTaken, MoreThanOwn):
            raise InvalidCode from None
        await self.throttle.read_mailbox(account.email_key, actor.client)

    async def _good(self, uow: IdentityUow, code_id: UUID, now: datetime) -> Invitation:
        invitation = await uow.invitations.by_code(code_id)
        if invitation is None or not invitation.is_open(now):
            raise InvalidCode
        senders = await uow.accounts.find((invitation.invited_by,))
        roles = await uow.roles.find(invitation.role_ids)
        if not senders or not senders[0].is_active or len(roles) < len(invitation.role_ids):
            raise InvalidCode
        grants = grants_of(roles)
        must_hold_all(rights_of(frozenset(await held_by(uow, senders[0]))), grants)
        if self.guarded.gained((), grants):
            raise InvalidCode
        return invitation
