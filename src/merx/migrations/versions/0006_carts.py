"""Schema of carts: one row a cart, its lines in it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006_carts"
down_revision = "0005_shipping"
branch_labels = None
depends_on = None

SCHEMA = "carts"


def upgrade() -> None:
    op.execute("create schema carts")
    op.create_table(
        "cart",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("email", sa.String(254), nullable=True),
        sa.Column("address", JSONB(), nullable=True),
        sa.Column("shipping", JSONB(), nullable=True),
        sa.Column("lines", JSONB(), nullable=False),
        sa.Column("attempts", JSONB(), nullable=False, server_default=sa.text("'[]'::jsonb")),
        sa.Column("merged_into", sa.Uuid(), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_cart"),
        sa.CheckConstraint("status in ('active', 'completed', 'merged')", name=op.f("ck_cart_status")),
        schema=SCHEMA,
    )
    op.create_index(
        "uq_cart_active_customer_id_currency",
        "cart",
        ["customer_id", "currency"],
        unique=True,
        schema=SCHEMA,
        postgresql_where=sa.text("status = 'active' and customer_id is not null"),
    )
    # Lines are rewritten again and again while a cart is filled: room on the page keeps the updates off the indexes.
    op.execute("alter table carts.cart set (fillfactor = 70)")


def downgrade() -> None:
    op.drop_table("cart", schema=SCHEMA)
    op.execute("drop schema carts")
