"""Second factors, and how and when somebody proved who she is."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018_second_factors"
down_revision = "0017_roles"
branch_labels = None
depends_on = None

SCHEMA = "identity"


def upgrade() -> None:
    # Defaults for the version that still runs: its sessions are those of a moment ago, with nobody knows what.
    op.add_column(
        "session",
        sa.Column("methods", postgresql.ARRAY(sa.Text()), nullable=False, server_default="{}"),
        schema=SCHEMA,
    )
    op.add_column(
        "session",
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        schema=SCHEMA,
    )
    op.execute("update identity.session set proved_at = created_at")
    op.add_column(
        "one_time_code", sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"), schema=SCHEMA
    )
    op.create_table(
        "totp",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_totp"),
        _of_account("totp"),
        schema=SCHEMA,
    )
    op.create_table(
        "recovery_code",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("account_id", "digest", name="pk_recovery_code"),
        _of_account("recovery_code"),
        schema=SCHEMA,
    )
    op.create_table(
        "passkey",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("aaguid", sa.String(36), nullable=False),
        sa.Column("transports", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("backed_up", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_passkey"),
        sa.UniqueConstraint("credential_id", name="uq_passkey_credential_id"),
        _of_account("passkey"),
        schema=SCHEMA,
    )
    op.create_index("ix_passkey_account_id", "passkey", ["account_id"], schema=SCHEMA)
    op.create_table(
        "spent_challenge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_spent_challenge"),
        schema=SCHEMA,
    )
    op.create_index("ix_spent_challenge_expires_at", "spent_challenge", ["expires_at"], schema=SCHEMA)


def downgrade() -> None:
    for table in ("spent_challenge", "passkey", "recovery_code", "totp"):
        op.drop_table(table, schema=SCHEMA)
    op.drop_column("one_time_code", "attempts", schema=SCHEMA)
    op.drop_column("session", "proved_at", schema=SCHEMA)
    op.drop_column("session", "methods", schema=SCHEMA)


def _of_account(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["account_id"], [f"{SCHEMA}.account.id"], name=f"fk_{table}_account_id", ondelete="CASCADE"
    )
