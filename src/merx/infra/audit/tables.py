"""The table of the trail."""

from sqlalchemy import JSON, BigInteger, Column, DateTime, Index, LargeBinary, Table, Text, UniqueConstraint, Uuid

from merx.infra.postgres.columns import Base
from merx.infra.postgres.words import IDENTIFIER, PERSONAL, PLAIN, SECRET

# JSON, not JSONB: the text itself is hashed, and JSONB would write it anew.
ENTRY = Table(
    "entry",
    Base.metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False, info=PLAIN),
    Column("id", Uuid, nullable=False, info=IDENTIFIER),
    Column("at", DateTime(timezone=True), nullable=False, info=PLAIN),
    Column("action", Text, nullable=False, info=PLAIN),
    Column("actor_kind", Text, nullable=False, info=PLAIN),
    Column("actor_id", Uuid, info=IDENTIFIER),
    Column("impersonator_id", Uuid, info=SECRET),
    Column("target", Text, nullable=False, info=PLAIN),
    Column("target_id", Text, nullable=False, info=IDENTIFIER),
    Column("changes", JSON, nullable=False, info=PERSONAL),
    Column("request_id", Text, nullable=False, info=IDENTIFIER),
    Column("client", Text, nullable=False, info=PERSONAL),
    Column("previous", LargeBinary, nullable=False, info=SECRET),
    Column("hash", LargeBinary, nullable=False, info=SECRET),
    Column("seal", LargeBinary, info=SECRET),
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
