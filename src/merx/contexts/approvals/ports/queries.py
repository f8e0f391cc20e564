"""What staff reads of approvals."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from merx.kernel.approvals import Approval, State
from merx.kernel.model import View
from merx.kernel.paging import Page


class ApprovalState(StrEnum):
    pending = "pending"
    approved = "approved"
    rejected = "rejected"
    expired = "expired"

    @classmethod
    def of(cls, state: State, expires_at: datetime, now: datetime) -> "ApprovalState":
        return cls.expired if state is State.pending and now >= expires_at else cls(state)


class ApprovalView(View, frozen=True):
    """`command` is what was sent, and what that comes to where a change of something else would give it another
    meaning. `target_version` is the version it was sent for, `permission` the right that whoever agrees needs."""

    id: UUID
    kind: str
    state: ApprovalState
    permission: str
    target: str
    target_id: UUID
    target_version: int
    command: Any
    asked_by: UUID
    asked_at: datetime
    expires_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    reason: str


def view_of(approval: Approval, now: datetime) -> ApprovalView:
    values = {name: getattr(approval, name) for name in ApprovalView.__struct_fields__}
    return ApprovalView(**values | {"state": ApprovalState.of(approval.state, approval.expires_at, now)})


class ApprovalQueries(Protocol):
    async def page(
        self, state: ApprovalState | None, now: datetime, after: str | None, limit: int
    ) -> Page[ApprovalView]:
        """Newest first."""
        ...

    async def one(self, approval_id: UUID, now: datetime) -> ApprovalView:
        """Raises ApprovalNotFound."""
        ...
