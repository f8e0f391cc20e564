"""Rows of the audit trail carry a seal, made with a key that is not in the database. Rows of before have none."""

import sqlalchemy as sa
from alembic import op

revision = "0022_audit_seals"
down_revision = "0021_sign_in_methods"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("entry", sa.Column("seal", sa.LargeBinary()), schema="audit")


def downgrade() -> None:
    op.drop_column("entry", "seal", schema="audit")
