"""The question for a second factor knows what the first half of the sign-in was."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021_sign_in_methods"
down_revision = "0020_privacy"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The default is for the version that still runs: its questions live for five minutes and do not tell.
    op.add_column(
        "one_time_code",
        sa.Column("methods", postgresql.ARRAY(sa.Text()), nullable=False, server_default="{}"),
        schema="identity",
    )


def downgrade() -> None:
    op.drop_column("one_time_code", "methods", schema="identity")
