"""Invitations in the process."""

from datetime import datetime
from uuid import UUID

from merx.contexts.identity.adapters.memory_roles import role_names
from merx.contexts.identity.domain.errors import AlreadyInvited, InvitationNotFound
from merx.contexts.identity.domain.invitation import Invitation
from merx.contexts.identity.ports.invitations import InvitationView
from merx.infra.memory import MemoryRepository, MemoryStore, MemoryTx
from merx.kernel.paging import Page, decode_id, page_of

INVITATIONS = "identity.invitation"


def _pending(invitation: Invitation) -> str | None:
    waits = invitation.accepted_at is None and invitation.withdrawn_at is None
    return invitation.email_key if waits else None


class MemoryInvitations(MemoryRepository[Invitation]):
    def __init__(self, tx: MemoryTx) -> None:
        super().__init__(INVITATIONS, tx, unique=((_pending, AlreadyInvited),), missing=InvitationNotFound)

    async def pending_to(self, email_key: str) -> Invitation | None:
        return next((each for each in self._rows.values() if _pending(each) == email_key), None)

    async def by_code(self, code_id: UUID) -> Invitation | None:
        return next((each for each in self._rows.values() if each.code_id == code_id), None)

    async def pending_with(self, role_id: UUID, now: datetime) -> bool:
        return any(role_id in each.role_ids and each.is_open(now) for each in self._rows.values())

    async def forget(self, before: datetime, limit: int) -> int:
        return self._rows.forget(lambda each: each.expires_at < before, limit)


class MemoryInvitationQueries:
    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def page(self, now: datetime, limit: int, after: str | None) -> Page[InvitationView]:
        below = decode_id(after)
        rows: dict[UUID, Invitation] = self._store.table(INVITATIONS)
        found = sorted(
            (each for each in rows.values() if below is None or each.id < below), key=lambda each: each.id, reverse=True
        )
        return page_of([self._view(each, now) for each in found], limit)

    async def one(self, now: datetime, invitation_id: UUID) -> InvitationView:
        found: Invitation | None = self._store.table(INVITATIONS).get(invitation_id)
        if found is None:
            raise InvitationNotFound
        return self._view(found, now)

    def _view(self, each: Invitation, now: datetime) -> InvitationView:
        return InvitationView(
            each.id,
            each.email,
            each.state(now),
            role_names(self._store, each.role_ids),
            each.invited_by,
            each.created_at,
            each.sent_at,
            each.sendings,
            each.expires_at,
            each.account_id,
        )
