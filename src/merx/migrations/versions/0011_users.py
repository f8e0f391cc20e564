"""Profiles and address books."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011_users"
down_revision = "0010_search"
branch_labels = None
depends_on = None

SCHEMA = "users"


def upgrade() -> None:
    op.execute(f"create schema {SCHEMA}")
    op.create_table(
        "profile",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("email_key", sa.String(254, collation="C"), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("name_key", sa.String(400, collation="C"), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("phone", sa.String(16), nullable=False),
        sa.Column("locale", sa.String(35)),
        sa.Column("birthday", sa.Date()),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_profile"),
        schema=SCHEMA,
    )
    op.create_index("ix_profile_email_key_id", "profile", ["email_key", "id"], schema=SCHEMA)
    op.create_index("ix_profile_name_key_id", "profile", ["name_key", "id"], schema=SCHEMA)
    op.create_table(
        "address",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.String(60), nullable=False),
        sa.Column("address", postgresql.JSONB(), nullable=False),
        sa.Column("default_shipping", sa.Boolean(), nullable=False),
        sa.Column("default_billing", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_address"),
        sa.ForeignKeyConstraint(
            ["account_id"], [f"{SCHEMA}.profile.id"], name="fk_address_account_id", ondelete="CASCADE"
        ),
        schema=SCHEMA,
    )
    op.create_index("ix_address_account_id_id", "address", ["account_id", "id"], schema=SCHEMA)
    for use in ("shipping", "billing"):
        op.create_index(
            f"uq_address_default_{use}",
            "address",
            ["account_id"],
            unique=True,
            schema=SCHEMA,
            postgresql_where=sa.text(f"default_{use}"),
        )
    # Accounts made before there were profiles. From now on the news of a registration makes one.
    op.execute(
        """
        insert into users.profile (id, version, email, email_key, name, name_key, kind, phone, registered_at)
        select id, 1, email, lower(trim(email)), name, lower(trim(name)), kind, '', created_at from identity.account
        """
    )


def downgrade() -> None:
    op.drop_table("address", schema=SCHEMA)
    op.drop_table("profile", schema=SCHEMA)
    op.execute(f"drop schema {SCHEMA}")
