"""Limits of the shop hold within 24 hours: where a price came from."""

import sqlalchemy as sa
from alembic import op

revision = "0026_within_a_day"
down_revision = "0025_one_index_by_email"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "price_step",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("before_amount", sa.BigInteger(), nullable=False),
        sa.Column("before_currency", sa.String(3), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_price_step"),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["catalog.variant.id"], name="fk_price_step_variant_id", ondelete="CASCADE"
        ),
        schema="catalog",
    )
    op.create_index("ix_price_step_variant", "price_step", ["variant_id", "at"], schema="catalog")


def downgrade() -> None:
    op.drop_table("price_step", schema="catalog")
