"""Somebody is asked to join the staff. A code in the mailbox proves who accepts.

Nothing of the code is kept: its text follows from `code_id` and the shop's secret. Each sending makes a new code, and
the one before is void.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self
from uuid import UUID

from merx.contexts.identity.domain.account import trimmed
from merx.contexts.identity.domain.errors import InvitationOver
from merx.contexts.identity.events import StaffInvited
from merx.kernel.address import email_key
from merx.kernel.ids import new_id
from merx.kernel.model import Entity

# What its codes are for; a code for anything else is no code here.
PURPOSE = "invitation"
LIFE = timedelta(hours=72)
# Whoever sends again and again fills no mailbox.
MAX_SENDINGS = 10


class InvitationState(StrEnum):
    open = "open"
    accepted = "accepted"
    withdrawn = "withdrawn"
    expired = "expired"


def state_of(
    accepted_at: datetime | None, withdrawn_at: datetime | None, expires_at: datetime, now: datetime
) -> InvitationState:
    if accepted_at is not None:
        return InvitationState.accepted
    if withdrawn_at is not None:
        return InvitationState.withdrawn
    return InvitationState.open if now < expires_at else InvitationState.expired


class Invitation(Entity, kw_only=True):
    """`invited_by` is who sent it last: it is worth what that account holds when it is accepted, and no more."""

    email: str
    email_key: str
    role_ids: tuple[UUID, ...]
    code_id: UUID
    invited_by: UUID
    created_at: datetime
    sent_at: datetime
    sendings: int = 1
    expires_at: datetime
    accepted_at: datetime | None = None
    withdrawn_at: datetime | None = None
    account_id: UUID | None = None

    @classmethod
    def make(cls, *, email: str, role_ids: tuple[UUID, ...], invited_by: UUID, now: datetime) -> Self:
        return cls(
            id=new_id(),
            email=trimmed(email),
            email_key=email_key(email),
            role_ids=tuple(sorted(set(role_ids))),
            code_id=new_id(),
            invited_by=invited_by,
            created_at=now,
            sent_at=now,
            expires_at=now + LIFE,
        )

    def state(self, now: datetime) -> InvitationState:
        return state_of(self.accepted_at, self.withdrawn_at, self.expires_at, now)

    def is_open(self, now: datetime) -> bool:
        return self.state(now) is InvitationState.open

    def sent(self, now: datetime, *, address_is_free: bool) -> StaffInvited:
        """What the mail is made of: without a code when the address has an account, which only its owner learns."""
        code_id = self.code_id if address_is_free else None
        return StaffInvited(at=now, invitation_id=self.id, code_id=code_id, email=self.email)

    def send_again(self, by: UUID, now: datetime) -> None:
        """Also when it has expired. Raises InvitationOver."""
        if self.state(now) not in (InvitationState.open, InvitationState.expired) or self.sendings >= MAX_SENDINGS:
            raise InvitationOver
        self.code_id = new_id()
        self.invited_by = by
        self.sent_at = now
        self.sendings += 1
        self.expires_at = now + LIFE

    def withdraw(self, now: datetime) -> bool:
        """True when that changed something. Raises InvitationOver when it was accepted."""
        if self.accepted_at is not None:
            raise InvitationOver
        changed = self.withdrawn_at is None
        self.withdrawn_at = self.withdrawn_at or now
        return changed

    def accept(self, account_id: UUID, now: datetime) -> None:
        self.accepted_at, self.account_id = now, account_id
