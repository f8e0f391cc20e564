"""The table of the trail."""

from sqlalchemy import JSON, BigInteger, Column, DateTime, Index, LargeBinary, Table, Text, UniqueConstraint, Uuid

from merx.infra.postgres.columns import Base

# JSON, not JSONB: the text itself is hashed, and JSONB would write it anew.
ENTRY = Table(
    "entry",
    Base.metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Uuid, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("action", Text, nullable=False),
    Column("actor_kind", Text, nullable=False),
    Column("actor_id", Uuid),
    Column("impersonator_id", Uuid),
    Column("target", Text, nullable=False),
    Column("target_id", Text, nullable=False),
    Column("changes", JSON, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("previous", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("seal", LargeBinary),
    UniqueConstraint("id", name="uq_entry_id"),
    Index("ix_entry_at_seq", "at", "seq"),
    Index("ix_entry_actor_id_seq", "actor_id", "seq"),
    Index("ix_entry_impersonator_id_seq", "impersonator_id", "seq"),
    Index("ix_entry_action_seq", "action", "seq"),
    Index("ix_entry_target_id_seq", "target_id", "seq"),
    Index("ix_entry_request_id", "request_id"),
    Index("ix_entry_hash", "hash"),
    schema="audit",
)
