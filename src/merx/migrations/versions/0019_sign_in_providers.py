"""Identities at sign-in providers, and sign-ins that are on their way."""

import sqlalchemy as sa
from alembic import op

revision = "0019_sign_in_providers"
down_revision = "0018_second_factors"
branch_labels = None
depends_on = None

SCHEMA = "identity"


def upgrade() -> None:
    op.create_table(
        "linked_identity",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(40), nullable=False),
        sa.Column("issuer", sa.String(255), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("email", sa.String(254)),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["account_id"], [f"{SCHEMA}.account.id"], name="fk_linked_identity_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_linked_identity"),
        sa.UniqueConstraint("issuer", "subject", name="uq_linked_identity_issuer_subject"),
        schema=SCHEMA,
    )
    op.create_index("ix_linked_identity_account_id", "linked_identity", ["account_id"], schema=SCHEMA)
    op.create_table(
        "provider_sign_in",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(40), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("binding", sa.String(64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account_id", sa.Uuid()),
        sa.Column("credentials_version", sa.Integer(), nullable=False),
        sa.Column("issuer", sa.String(255)),
        sa.Column("subject", sa.String(255)),
        sa.Column("email", sa.String(254)),
        sa.Column("multi_factor", sa.Boolean(), nullable=False),
        sa.Column("proved_at", sa.DateTime(timezone=True)),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["account_id"], [f"{SCHEMA}.account.id"], name="fk_provider_sign_in_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_provider_sign_in"),
        schema=SCHEMA,
    )
    op.create_index("ix_provider_sign_in_account_id", "provider_sign_in", ["account_id"], schema=SCHEMA)
    op.create_index("ix_provider_sign_in_expires_at", "provider_sign_in", ["expires_at"], schema=SCHEMA)


def downgrade() -> None:
    op.drop_table("provider_sign_in", schema=SCHEMA)
    op.drop_table("linked_identity", schema=SCHEMA)
