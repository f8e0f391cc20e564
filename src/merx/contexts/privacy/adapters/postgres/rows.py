"""Tables of the schema `privacy`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from merx.infra.postgres import VersionedRow, as_json
from merx.kernel.personal_data import Subject

SCHEMA = "privacy"
_OPEN = text("state in ('asked', 'waiting', 'closing', 'erasing')")


class ErasureRow(VersionedRow):
    __tablename__ = "erasure"
    __table_args__ = (
        Index("uq_erasure_open_account_id", "account_id", unique=True, postgresql_where=_OPEN),
        Index("ix_erasure_account_id_id", "account_id", "id"),
        Index("ix_erasure_next_step_at", "next_step_at", postgresql_where=text("next_step_at is not null")),
        {"schema": SCHEMA},
    )

    account_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(String(16))
    email: Mapped[str] = mapped_column(String(254))
    by_staff: Mapped[bool]
    reference: Mapped[str] = mapped_column(String(64))
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    next_step_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    postponed_for: Mapped[list[str]] = mapped_column(ARRAY(Text))
    subject: Mapped[Subject | None] = as_json(Subject)
    parts_done: Mapped[list[str]] = mapped_column(ARRAY(Text))


class DataExportRow(VersionedRow):
    __tablename__ = "export"
    __table_args__ = (
        Index(
            "uq_export_preparing_account_id",
            "account_id",
            unique=True,
            postgresql_where=text("state = 'preparing'"),
        ),
        Index("ix_export_account_id_id", "account_id", "id"),
        Index("ix_export_expires_at", "expires_at", postgresql_where=text("state = 'ready'")),
        {"schema": SCHEMA},
    )

    account_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(String(16))
    asked_at: Mapped[datetime]
    told_at: Mapped[datetime]
    ready_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    size: Mapped[int] = mapped_column(BigInteger)
