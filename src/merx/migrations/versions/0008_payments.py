"""Schema of payments."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008_payments"
down_revision = "0007_orders"
branch_labels = None
depends_on = None

SCHEMA = "payments"


def upgrade() -> None:
    op.execute("create schema payments")
    op.create_table(
        "payment",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("amount_amount", sa.BigInteger(), nullable=False),
        sa.Column("amount_currency", sa.String(length=3), nullable=False),
        sa.Column("captured", sa.BigInteger(), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "captured between 0 and amount_amount and refunded between 0 and captured", name=op.f("ck_payment_bounds")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_payment_order_id"), "payment", ["order_id"], unique=False, schema=SCHEMA)
    op.create_table(
        "payment_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("applied", sa.Boolean(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.payment.id"], name=op.f("fk_payment_event_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_event")),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_payment_event_payment_id"), "payment_event", ["payment_id"], unique=False, schema=SCHEMA)


def downgrade() -> None:
    op.drop_table("payment_event", schema=SCHEMA)
    op.drop_table("payment", schema=SCHEMA)
    op.execute("drop schema payments")
