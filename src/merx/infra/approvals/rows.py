"""The table of approvals. That two people were there is held by the database too."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from merx.infra.postgres.columns import VersionedRow, as_json

TWO_PEOPLE = "state <> 'approved' or decided_by <> asked_by"
DECIDED = "(state = 'pending') = (decided_by is null) and (decided_by is null) = (decided_at is null)"


class ApprovalRow(VersionedRow):
    __tablename__ = "approval"
    __table_args__ = (
        CheckConstraint("state in ('pending', 'approved', 'rejected')", name="state"),
        CheckConstraint(TWO_PEOPLE, name="two_people"),
        CheckConstraint(DECIDED, name="decided"),
        Index("ix_approval_state_id", "state", "id"),
        {"schema": "platform"},
    )

    kind: Mapped[str] = mapped_column(String(60))
    permission: Mapped[str] = mapped_column(String(60))
    target: Mapped[str] = mapped_column(String(60))
    target_id: Mapped[UUID]
    target_version: Mapped[int]
    command: Mapped[dict[str, Any]] = as_json(dict[str, Any])
    asked_by: Mapped[UUID]
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16))
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(Text)
