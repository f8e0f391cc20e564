"""Schema of platform: outbox, periodic jobs, idempotency keys."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001_platform"
down_revision = None
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("create schema platform")
    op.create_table(
        "outbox_event",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("tag", sa.Text, nullable=False),
        sa.Column("payload", postgresql.JSONB, nullable=False),
        sa.Column("at", TIME, nullable=False),
        schema="platform",
    )
    op.create_table(
        "outbox_delivery",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("subscriber", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False, server_default="pending"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("failures", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("run_after", TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("lease_until", TIME),
        sa.Column("lease_token", sa.Uuid),
        sa.Column("last_error", sa.Text),
        sa.Column("created_at", TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("done_at", TIME),
        sa.CheckConstraint("state in ('pending', 'done', 'dead')", name="state"),
        schema="platform",
        postgresql_with={"fillfactor": 85, "autovacuum_vacuum_scale_factor": 0.02},
    )
    op.create_index(
        "ix_outbox_delivery_open",
        "outbox_delivery",
        ["state", "run_after"],
        schema="platform",
        postgresql_where=sa.text("state <> 'done'"),
    )
    op.create_table(
        "job_run",
        sa.Column("job", sa.Text, primary_key=True),
        sa.Column("slot", TIME, primary_key=True),
        sa.Column("delivery_id", sa.Uuid, nullable=False),
        sa.Column("created_at", TIME, nullable=False, server_default=sa.func.now()),
        schema="platform",
    )
    op.create_table(
        "idempotency_key",
        sa.Column("principal", sa.Text, primary_key=True),
        sa.Column("route", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("claim", sa.Uuid, nullable=False),
        sa.Column("status", sa.SmallInteger),
        sa.Column("headers", postgresql.JSONB),
        sa.Column("body", sa.LargeBinary),
        sa.Column("created_at", TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("expires_at", TIME, nullable=False),
        sa.CheckConstraint("state in ('running', 'done')", name="state"),
        schema="platform",
    )
    op.create_index("ix_idempotency_key_expires_at", "idempotency_key", ["expires_at"], schema="platform")


def downgrade() -> None:
    op.drop_table("idempotency_key", schema="platform")
    op.drop_table("job_run", schema="platform")
    op.drop_table("outbox_delivery", schema="platform")
    op.drop_table("outbox_event", schema="platform")
    op.execute("drop schema platform")
