"""Schema of inventory."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004_inventory"
down_revision = "0003_catalog"
branch_labels = None
depends_on = None

SCHEMA = "inventory"


def upgrade() -> None:
    op.execute("create schema inventory")
    op.create_table(
        "allocation",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_allocation_quantity")),
        sa.PrimaryKeyConstraint("order_id", "variant_id", "location_id", name=op.f("pk_allocation")),
        schema=SCHEMA,
    )
    op.create_table(
        "location",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_location")),
        sa.UniqueConstraint("code", name=op.f("uq_location_code")),
        schema=SCHEMA,
    )
    op.create_table(
        "movement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("on_hand", sa.BigInteger(), nullable=False),
        sa.Column("allocated", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("cause", sa.Uuid(), nullable=True),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_movement")),
        schema=SCHEMA,
    )
    op.create_index("ix_movement_variant", "movement", ["variant_id", "id"], unique=False, schema=SCHEMA)
    op.create_index(
        "uq_movement_cause",
        "movement",
        ["cause", "variant_id", "location_id"],
        unique=True,
        schema=SCHEMA,
        postgresql_where=sa.text("cause is not null"),
    )
    op.create_table(
        "stock",
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("on_hand", sa.BigInteger(), nullable=False),
        sa.Column("allocated", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("allocated >= 0 and on_hand >= allocated", name=op.f("ck_stock_promised")),
        sa.ForeignKeyConstraint(["location_id"], ["inventory.location.id"], name=op.f("fk_stock_location_id")),
        sa.PrimaryKeyConstraint("variant_id", "location_id", name=op.f("pk_stock")),
        schema=SCHEMA,
        postgresql_with={"fillfactor": "70"},
    )

    # A shop has one place for its goods from the start; more can be added.
    op.execute(
        "insert into inventory.location (id, version, code, name, priority, active) "
        "values ('01980000-0000-7000-8000-000000000001', 1, 'main', 'Main location', 0, true)"
    )


def downgrade() -> None:
    op.drop_table("stock", schema=SCHEMA)
    op.drop_table("movement", schema=SCHEMA)
    op.drop_table("location", schema=SCHEMA)
    op.drop_table("allocation", schema=SCHEMA)
    op.execute("drop schema inventory")
