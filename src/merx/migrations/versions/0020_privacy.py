"""Exports and erasures of personal data; what finds a person's mails, carts and guest orders."""

import sqlalchemy as sa
from alembic import op

revision = "0020_privacy"
down_revision = "0019_sign_in_providers"
branch_labels = None
depends_on = None

SCHEMA = "privacy"
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute(f"create schema if not exists {SCHEMA}")
    op.create_table(
        "erasure",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("by_staff", sa.Boolean(), nullable=False),
        sa.Column("reference", sa.String(64), nullable=False),
        sa.Column("asked_at", _TIME, nullable=False),
        sa.Column("due_at", _TIME),
        sa.Column("next_step_at", _TIME),
        sa.Column("closed_at", _TIME),
        sa.Column("ended_at", _TIME),
        sa.Column("postponed_for", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("subject", sa.dialects.postgresql.JSONB()),
        sa.Column("parts_done", sa.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_erasure"),
        schema=SCHEMA,
    )
    op.create_index(
        "uq_erasure_open_account_id",
        "erasure",
        ["account_id"],
        unique=True,
        schema=SCHEMA,
        postgresql_where=sa.text("state in ('asked', 'waiting', 'closing', 'erasing')"),
    )
    op.create_index("ix_erasure_account_id_id", "erasure", ["account_id", "id"], schema=SCHEMA)
    op.create_index(
        "ix_erasure_next_step_at",
        "erasure",
        ["next_step_at"],
        schema=SCHEMA,
        postgresql_where=sa.text("next_step_at is not null"),
    )
    op.create_table(
        "export",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("asked_at", _TIME, nullable=False),
        sa.Column("told_at", _TIME, nullable=False),
        sa.Column("ready_at", _TIME),
        sa.Column("expires_at", _TIME),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_export"),
        schema=SCHEMA,
    )
    op.create_index(
        "uq_export_preparing_account_id",
        "export",
        ["account_id"],
        unique=True,
        schema=SCHEMA,
        postgresql_where=sa.text("state = 'preparing'"),
    )
    op.create_index("ix_export_account_id_id", "export", ["account_id", "id"], schema=SCHEMA)
    op.create_index(
        "ix_export_expires_at", "export", ["expires_at"], schema=SCHEMA, postgresql_where=sa.text("state = 'ready'")
    )
    op.add_column("message", sa.Column("account_id", sa.Uuid()), schema="notifications")
    op.create_index("ix_message_account_id", "message", ["account_id"], schema="notifications")
    # Proof of a consent outlives the profile.
    op.drop_constraint("fk_consent_account_id", "consent", schema="users", type_="foreignkey")
    op.create_index(
        "ix_order_guest_email",
        "order",
        [sa.text("lower(email)")],
        schema="orders",
        postgresql_where=sa.text("customer_id is null"),
    )
    op.create_index(
        "ix_cart_customer_id",
        "cart",
        ["customer_id"],
        schema="carts",
        postgresql_where=sa.text("customer_id is not null"),
    )


def downgrade() -> None:
    op.drop_index("ix_cart_customer_id", "cart", schema="carts")
    op.drop_index("ix_order_guest_email", "order", schema="orders")
    op.execute("delete from users.consent c where not exists (select from users.profile p where p.id = c.account_id)")
    op.create_foreign_key(
        "fk_consent_account_id",
        "consent",
        "profile",
        ["account_id"],
        ["id"],
        source_schema="users",
        referent_schema="users",
        ondelete="CASCADE",
    )
    op.drop_index("ix_message_account_id", "message", schema="notifications")
    op.drop_column("message", "account_id", schema="notifications")
    op.drop_table("export", schema=SCHEMA)
    op.drop_table("erasure", schema=SCHEMA)
    op.execute(f"drop schema {SCHEMA}")
