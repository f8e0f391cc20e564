"""One-time codes, and what they are bound to."""

import sqlalchemy as sa
from alembic import op

revision = "0013_accounts"
down_revision = "0012_guest_carts"
branch_labels = None
depends_on = None

SCHEMA = "identity"


def upgrade() -> None:
    op.add_column("account", sa.Column("email_verified_at", sa.DateTime(timezone=True)), schema=SCHEMA)
    op.add_column(
        "account", sa.Column("credentials_version", sa.Integer(), nullable=False, server_default="0"), schema=SCHEMA
    )
    # Whoever runs the shop made the staff accounts, and gave the address.
    op.execute("update identity.account set email_verified_at = created_at where kind = 'staff'")
    op.create_table(
        "one_time_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("credentials_version", sa.Integer(), nullable=False),
        sa.Column("new_email", sa.String(254)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_one_time_code"),
        sa.ForeignKeyConstraint(
            ["account_id"], [f"{SCHEMA}.account.id"], name="fk_one_time_code_account_id", ondelete="CASCADE"
        ),
        schema=SCHEMA,
    )
    op.create_index("ix_one_time_code_account_id", "one_time_code", ["account_id"], schema=SCHEMA)
    op.create_index("ix_one_time_code_expires_at", "one_time_code", ["expires_at"], schema=SCHEMA)


def downgrade() -> None:
    op.drop_table("one_time_code", schema=SCHEMA)
    op.drop_column("account", "credentials_version", schema=SCHEMA)
    op.drop_column("account", "email_verified_at", schema=SCHEMA)
