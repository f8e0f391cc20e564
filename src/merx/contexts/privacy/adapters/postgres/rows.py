"""Tables of the schema `privacy`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from merx.infra.postgres import IDENTIFIER, PERSONAL, PLAIN, VersionedRow, as_json
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

    id: Mapped[UUID] = mapped_column(primary_key=True, info=IDENTIFIER)
    account_id: Mapped[UUID] = mapped_column(info=IDENTIFIER)
    state: Mapped[str] = mapped_column(String(16), info=PLAIN)
    # This and `subject` are emptied with the last step of an erasure.
    email: Mapped[str] = mapped_column(String(254), info=PERSONAL)
    by_staff: Mapped[bool] = mapped_column(info=PLAIN)
    reference: Mapped[str] = mapped_column(String(64), info=IDENTIFIER)
    asked_at: Mapped[datetime] = mapped_column(info=PLAIN)
    due_at: Mapped[datetime | None] = mapped_column(info=PLAIN)
    next_step_at: Mapped[datetime | None] = mapped_column(info=PLAIN)
    closed_at: Mapped[datetime | None] = mapped_column(info=PLAIN)
    ended_at: Mapped[datetime | None] = mapped_column(info=PLAIN)
    postponed_for: Mapped[list[str]] = mapped_column(ARRAY(Text), info=PLAIN)
    subject: Mapped[Subject | None] = as_json(Subject, info=PERSONAL)
    parts_done: Mapped[list[str]] = mapped_column(ARRAY(Text), info=PLAIN)


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

    id: Mapped[UUID] = mapped_column(primary_key=True, info=IDENTIFIER)
    account_id: Mapped[UUID] = mapped_column(info=IDENTIFIER)
    state: Mapped[str] = mapped_column(String(16), info=PLAIN)
    asked_at: Mapped[datetime] = mapped_column(info=PLAIN)
    told_at: Mapped[datetime] = mapped_column(info=PLAIN)
    ready_at: Mapped[datetime | None] = mapped_column(info=PLAIN)
    expires_at: Mapped[datetime | None] = mapped_column(info=PLAIN)
    size: Mapped[int] = mapped_column(BigInteger, info=PLAIN)
