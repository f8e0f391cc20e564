"""Rows of idempotency keys."""

from sqlalchemy import CheckConstraint, Column, DateTime, LargeBinary, SmallInteger, Table, Text, Uuid, func
from sqlalchemy.dialects.postgresql import JSONB

from merx.infra.postgres.columns import Base

# `expires_at` is the end of the claim while the row is `running`, and the end of replays once it is `done`. `claim`
# names the request that holds a running row, so that one whose claim ran out cannot answer for the one that took over.
IDEMPOTENCY_KEY = Table(
    "idempotency_key",
    Base.metadata,
    Column("principal", Text, primary_key=True),
    Column("route", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("claim", Uuid, nullable=False),
    Column("status", SmallInteger),
    Column("headers", JSONB),
    Column("body", LargeBinary),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("expires_at", DateTime(timezone=True), nullable=False, index=True),
    CheckConstraint("state in ('running', 'done')", name="state"),
    schema="platform",
)
