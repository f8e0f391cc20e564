"""Orders of guests are found by the index of all orders by e-mail: each order pays for one index less."""

import sqlalchemy as sa
from alembic import op

revision = "0025_one_index_by_email"
down_revision = "0024_approvals"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_order_guest_email", "order", schema="orders")


def downgrade() -> None:
    op.create_index(
        "ix_order_guest_email",
        "order",
        [sa.text("lower(email)")],
        schema="orders",
        postgresql_where=sa.text("customer_id is null"),
    )
