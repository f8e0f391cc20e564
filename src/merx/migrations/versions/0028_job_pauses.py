"""Jobs that somebody paused."""

import sqlalchemy as sa
from alembic import op

revision = "0028_job_pauses"
down_revision = "0027_emails_in_one_form"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job_pause",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("job", name="pk_job_pause"),
        schema="platform",
    )


def downgrade() -> None:
    op.drop_table("job_pause", schema="platform")
