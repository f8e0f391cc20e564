"""What was sent to whom."""

import sqlalchemy as sa
from alembic import op

revision = "0009_notifications"
down_revision = "0008_payments"
branch_labels = None
depends_on = None

SCHEMA = "notifications"


def upgrade() -> None:
    op.execute(f"create schema {SCHEMA}")
    op.create_table(
        "message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dedupe_key", sa.String(160), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("recipient_hash", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_error", sa.String(100)),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
        sa.UniqueConstraint("dedupe_key", name="uq_message_dedupe_key"),
        schema=SCHEMA,
    )
    op.create_index("ix_message_event_id", "message", ["event_id"], schema=SCHEMA)
    op.create_index("ix_message_recipient_hash", "message", ["recipient_hash"], schema=SCHEMA)


def downgrade() -> None:
    op.drop_table("message", schema=SCHEMA)
    op.execute(f"drop schema {SCHEMA}")
