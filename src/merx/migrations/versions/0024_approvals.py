"""What waits for a second person, and what a second person decided."""

import sqlalchemy as sa
from alembic import op

revision = "0024_approvals"
down_revision = "0023_order_email"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "approval",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(60), nullable=False),
        sa.Column("permission", sa.String(60), nullable=False),
        sa.Column("target", sa.String(60), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("target_version", sa.Integer(), nullable=False),
        sa.Column("command", sa.dialects.postgresql.JSONB(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("decided_by", sa.Uuid()),
        sa.Column("decided_at", _TIME),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_approval"),
        sa.CheckConstraint("state in ('pending', 'approved', 'rejected')", name="ck_approval_state"),
        sa.CheckConstraint("state <> 'approved' or decided_by <> asked_by", name="ck_approval_two_people"),
        sa.CheckConstraint(
            "(state = 'pending') = (decided_by is null) and (decided_by is null) = (decided_at is null)",
            name="ck_approval_decided",
        ),
        schema="platform",
    )
    op.create_index("ix_approval_state_id", "approval", ["state", "id"], schema="platform")


def downgrade() -> None:
    op.drop_table("approval", schema="platform")
