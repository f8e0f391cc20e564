"""Schema of orders."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007_orders"
down_revision = "0006_carts"
branch_labels = None
depends_on = None

SCHEMA = "orders"


def upgrade() -> None:
    op.execute("create schema orders")
    op.create_table(
        "order",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("cart_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("address", postgresql.JSONB(), nullable=False),
        sa.Column("shipping", postgresql.JSONB(), nullable=False),
        sa.Column("payment_method", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("items_total_amount", sa.BigInteger(), nullable=False),
        sa.Column("items_total_currency", sa.String(length=3), nullable=False),
        sa.Column("shipping_total_amount", sa.BigInteger(), nullable=False),
        sa.Column("shipping_total_currency", sa.String(length=3), nullable=False),
        sa.Column("total_amount", sa.BigInteger(), nullable=False),
        sa.Column("total_currency", sa.String(length=3), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("payment_status", sa.Text(), nullable=False),
        sa.Column("fulfilment_status", sa.Text(), nullable=False),
        sa.Column("placed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("cancelled_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("total_amount = items_total_amount + shipping_total_amount", name=op.f("ck_order_total")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order")),
        sa.UniqueConstraint("cart_id", name=op.f("uq_order_cart_id")),
        sa.UniqueConstraint("number", name=op.f("uq_order_number")),
        schema=SCHEMA,
    )
    op.create_index("ix_order_customer", "order", ["customer_id", "id"], unique=False, schema=SCHEMA)
    op.create_index("ix_order_email", "order", ["email", "id"], unique=False, schema=SCHEMA)
    op.create_index("ix_order_status", "order", ["status", "fulfilment_status", "id"], unique=False, schema=SCHEMA)
    op.create_table(
        "order_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("options", postgresql.JSONB(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price_amount", sa.BigInteger(), nullable=False),
        sa.Column("unit_price_currency", sa.String(length=3), nullable=False),
        sa.Column("line_total_amount", sa.BigInteger(), nullable=False),
        sa.Column("line_total_currency", sa.String(length=3), nullable=False),
        sa.Column("shipped", sa.Integer(), nullable=False),
        sa.Column("cancelled", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "shipped >= 0 and cancelled >= 0 and shipped + cancelled <= quantity", name=op.f("ck_order_line_open")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order.id"], name=op.f("fk_order_line_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_line")),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_order_line_order_id"), "order_line", ["order_id"], unique=False, schema=SCHEMA)
    op.create_index("ix_order_line_product", "order_line", ["product_id"], unique=False, schema=SCHEMA)
    op.create_table(
        "shipment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("tracking_number", sa.Text(), nullable=False),
        sa.Column("quantities", postgresql.JSONB(), nullable=False),
        sa.Column("shipped_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("delivered_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order.id"], name=op.f("fk_shipment_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment")),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_shipment_order_id"), "shipment", ["order_id"], unique=False, schema=SCHEMA)
    op.create_table(
        "timeline",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order.id"], name=op.f("fk_timeline_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timeline")),
        schema=SCHEMA,
    )
    op.create_index("ix_timeline_order", "timeline", ["order_id", "id"], unique=False, schema=SCHEMA)


def downgrade() -> None:
    op.drop_table("timeline", schema=SCHEMA)
    op.drop_table("shipment", schema=SCHEMA)
    op.drop_table("order_line", schema=SCHEMA)
    op.drop_table("order", schema=SCHEMA)
    op.execute("drop schema orders")
