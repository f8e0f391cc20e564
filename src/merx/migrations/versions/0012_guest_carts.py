"""Guests' carts by age, for the job that removes old ones."""

import sqlalchemy as sa
from alembic import op

revision = "0012_guest_carts"
down_revision = "0011_users"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # By the time of making, which never changes: an index on the last change would be written with every edit.
    op.create_index(
        "ix_cart_guest_created_at",
        "cart",
        ["created_at"],
        schema="carts",
        postgresql_where=sa.text("customer_id is null and status <> 'completed'"),
    )


def downgrade() -> None:
    op.drop_index("ix_cart_guest_created_at", "cart", schema="carts")
