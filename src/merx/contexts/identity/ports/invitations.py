"""What the use cases of invitations read and write."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from merx.contexts.identity.domain.invitation import Invitation, InvitationState
from merx.contexts.identity.ports.staff import RoleName
from merx.kernel.model import View
from merx.kernel.paging import Page
from merx.kernel.ports import Repository


class InvitationView(View, frozen=True):
    """`account_id` is the account that it became."""

    id: UUID
    email: str
    state: InvitationState
    roles: tuple[RoleName, ...]
    invited_by: UUID
    created_at: datetime
    sent_at: datetime
    sendings: int
    expires_at: datetime
    account_id: UUID | None


class Invitations(Repository[Invitation], Protocol):
    """`add` and `save` raise AlreadyInvited, `get` raises InvitationNotFound."""

    async def pending_to(self, email_key: str) -> Invitation | None:
        """The one that is neither accepted nor withdrawn; it may have expired."""
        ...

    async def by_code(self, code_id: UUID) -> Invitation | None: ...

    async def pending_with(self, role_id: UUID, now: datetime) -> bool:
        """Whether somebody can still accept an invitation to this role."""
        ...

    async def forget(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` invitations that expired before that moment; returns how many."""
        ...


class InvitationQueries(Protocol):
    async def page(self, now: datetime, limit: int, after: str | None) -> Page[InvitationView]:
        """Newest first."""
        ...

    async def one(self, now: datetime, invitation_id: UUID) -> InvitationView:
        """Raises InvitationNotFound."""
        ...
