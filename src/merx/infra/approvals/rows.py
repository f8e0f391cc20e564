"""The table of approvals. That two people were there is held by the database too."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from merx.infra.postgres.columns import VersionedRow, as_json
from merx.infra.postgres.words import IDENTIFIER, PLAIN

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

    id: Mapped[UUID] = mapped_column(primary_key=True, info=IDENTIFIER)
    kind: Mapped[str] = mapped_column(String(60), info=PLAIN)
    permission: Mapped[str] = mapped_column(String(60), info=PLAIN)
    target: Mapped[str] = mapped_column(String(60), info=PLAIN)
    target_id: Mapped[UUID] = mapped_column(info=IDENTIFIER)
    target_version: Mapped[int] = mapped_column(info=PLAIN)
    command: Mapped[dict[str, Any]] = as_json(dict[str, Any], info=PLAIN)
    asked_by: Mapped[UUID] = mapped_column(info=IDENTIFIER)
    asked_at: Mapped[datetime] = mapped_column(info=PLAIN)
    expires_at: Mapped[datetime] = mapped_column(info=PLAIN)
    state: Mapped[str] = mapped_column(String(16), info=PLAIN)
    decided_by: Mapped[UUID | None] = mapped_column(info=IDENTIFIER)
    decided_at: Mapped[datetime | None] = mapped_column(info=PLAIN)
    reason: Mapped[str] = mapped_column(Text, info=PLAIN)
