"""Rows of idempotency keys."""

from sqlalchemy import CheckConstraint, Column, DateTime, LargeBinary, SmallInteger, Table, Text, Uuid, func
from sqlalchemy.dialects.postgresql import JSONB

from merx.infra.postgres.columns import Base
from merx.infra.postgres.words import IDENTIFIER, PERSONAL, PLAIN, SECRET

# `expires_at` is the end of the claim while the row is `running`, and the end of replays once it is `done`. `claim`
# names the request that holds a running row, so that one whose claim ran out cannot answer for the one that took over.
IDEMPOTENCY_KEY = Table(
    "idempotency_key",
    Base.metadata,
    Column("principal", Text, primary_key=True, info=IDENTIFIER),
    Column("route", Text, primary_key=True, info=IDENTIFIER),
    Column("key", Text, primary_key=True, info=SECRET),
    Column("fingerprint", LargeBinary, nullable=False, info=SECRET),
    Column("state", Text, nullable=False, info=PLAIN),
    Column("claim", Uuid, nullable=False, info=SECRET),
    Column("status", SmallInteger, info=PLAIN),
    Column("headers", JSONB, info=PERSONAL),
    Column("body", LargeBinary, info=PERSONAL),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now(), info=PLAIN),
    Column("expires_at", DateTime(timezone=True), nullable=False, index=True, info=PLAIN),
    CheckConstraint("state in ('running', 'done')", name="state"),
    schema="platform",
)
