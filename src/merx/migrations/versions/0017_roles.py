"""Roles, what accounts hold of them, and invitations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017_roles"
down_revision = "0016_audit"
branch_labels = None
depends_on = None

SCHEMA = "identity"
OWNER = "01980000-0000-7000-8000-000000000101"
BUILT_IN = (
    (OWNER, "Owner", "Everything. Cannot be changed or removed.", ["*"]),
    (
        "01980000-0000-7000-8000-000000000102",
        "Catalogue manager",
        "Products, categories, brands and search.",
        ["catalog:*", "inventory:read", "search:*"],
    ),
    (
        "01980000-0000-7000-8000-000000000103",
        "Order desk",
        "Orders from placing to delivery, and their money.",
        ["orders:*", "payments:*", "shipping:read", "users:read"],
    ),
    (
        "01980000-0000-7000-8000-000000000104",
        "Warehouse",
        "Stock and parcels.",
        ["inventory:*", "orders:read", "orders:write", "shipping:read"],
    ),
    (
        "01980000-0000-7000-8000-000000000105",
        "Support",
        "Looks, and changes nothing.",
        ["orders:read", "payments:read", "shipping:read", "users:read"],
    ),
)


def upgrade() -> None:
    role = op.create_table(
        "role",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("name_key", sa.String(400), nullable=False),
        sa.Column("description", sa.String(1000), nullable=False),
        sa.Column("grants", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_role"),
        sa.UniqueConstraint("name_key", name="uq_role_name_key"),
        schema=SCHEMA,
    )
    op.execute(
        sa.insert(role).values(
            [
                {
                    "id": id,
                    "version": 1,
                    "name": name,
                    "name_key": name.lower(),
                    "description": description,
                    "grants": grants,
                    "created_at": sa.text("timestamptz '2026-01-01 00:00:00+00'"),
                }
                for id, name, description, grants in BUILT_IN
            ]
        )
    )
    op.add_column(
        "account",
        sa.Column("role_ids", postgresql.ARRAY(sa.Uuid()), nullable=False, server_default="{}"),
        schema=SCHEMA,
    )
    # Who could do everything is an owner.
    op.execute(
        sa.text(
            "update identity.account set role_ids = array[cast(:owner as uuid)], permissions = '{}'"
            " where kind = 'staff' and '*' = any(permissions)"
        ).bindparams(owner=OWNER)
    )
    op.create_table(
        "invitation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("email_key", sa.String(254), nullable=False),
        sa.Column("role_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("code_id", sa.Uuid(), nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sendings", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True)),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True)),
        sa.Column("account_id", sa.Uuid()),
        sa.PrimaryKeyConstraint("id", name="pk_invitation"),
        sa.UniqueConstraint("code_id", name="uq_invitation_code_id"),
        schema=SCHEMA,
    )
    op.create_index("ix_invitation_expires_at", "invitation", ["expires_at"], schema=SCHEMA)
    op.create_index(
        "uq_invitation_pending",
        "invitation",
        ["email_key"],
        unique=True,
        schema=SCHEMA,
        postgresql_where=sa.text("accepted_at is null and withdrawn_at is null"),
    )


def downgrade() -> None:
    op.drop_table("invitation", schema=SCHEMA)
    op.execute(
        sa.text(
            "update identity.account set permissions = '{*}' where role_ids @> array[cast(:owner as uuid)]"
        ).bindparams(owner=OWNER)
    )
    op.drop_column("account", "role_ids", schema=SCHEMA)
    op.drop_table("role", schema=SCHEMA)
