"""Schema of shipping: zones, methods, rates."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0005_shipping"
down_revision = "0004_inventory"
branch_labels = None
depends_on = None

SCHEMA = "shipping"


def upgrade() -> None:
    op.execute("create schema shipping")
    op.create_table(
        "zone",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("countries", ARRAY(sa.String(2)), nullable=False),
        sa.Column("postal_prefixes", ARRAY(sa.String(10)), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_zone"),
        sa.UniqueConstraint("name", name="uq_zone_name"),
        schema=SCHEMA,
    )
    op.create_table(
        "method",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("zone_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(200), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("days_min", sa.Integer(), nullable=False),
        sa.Column("days_max", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_method"),
        sa.ForeignKeyConstraint(["zone_id"], ["shipping.zone.id"], name="fk_method_zone_id"),
        sa.UniqueConstraint("zone_id", "code", name="uq_method_zone_id_code"),
        sa.CheckConstraint("0 <= days_min and days_min <= days_max", name=op.f("ck_method_days")),
        schema=SCHEMA,
    )
    op.create_table(
        "rate",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("method_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("basis", sa.String(10), nullable=False),
        sa.Column("tiers", JSONB(), nullable=False),
        sa.Column("free_from", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_rate"),
        sa.ForeignKeyConstraint(["method_id"], ["shipping.method.id"], name="fk_rate_method_id"),
        sa.UniqueConstraint("method_id", "currency", name="uq_rate_method_id_currency"),
        sa.CheckConstraint("free_from >= 0", name=op.f("ck_rate_free_from")),
        schema=SCHEMA,
    )


def downgrade() -> None:
    op.drop_table("rate", schema=SCHEMA)
    op.drop_table("method", schema=SCHEMA)
    op.drop_table("zone", schema=SCHEMA)
    op.execute("drop schema shipping")
