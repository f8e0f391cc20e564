"""Staff finds orders by an e-mail however it was typed."""

import sqlalchemy as sa
from alembic import op

revision = "0023_order_email"
down_revision = "0022_audit_seals"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_order_email", "order", schema="orders")
    op.create_index("ix_order_email", "order", [sa.text("lower(email)"), "id"], schema="orders")


def downgrade() -> None:
    op.drop_index("ix_order_email", "order", schema="orders")
    op.create_index("ix_order_email", "order", ["email", "id"], schema="orders")
