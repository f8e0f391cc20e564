"""Consents, customer groups and the timeline of people."""

import sqlalchemy as sa
from alembic import op

revision = "0015_people"
down_revision = "0014_api_keys"
branch_labels = None
depends_on = None

SCHEMA = "users"


def upgrade() -> None:
    op.create_table(
        "consent",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_consent"),
        sa.ForeignKeyConstraint(
            ["account_id"], [f"{SCHEMA}.profile.id"], name="fk_consent_account_id", ondelete="CASCADE"
        ),
        schema=SCHEMA,
    )
    op.create_index("ix_consent_account_id_purpose_id", "consent", ["account_id", "purpose", "id"], schema=SCHEMA)
    # An answer that could be changed afterwards would prove nothing. Erasing a person deletes it.
    op.execute(
        """
        create function users.refuse_change() returns trigger language plpgsql as
        $$ begin raise exception 'answers are added, never changed'; end $$
        """
    )
    op.execute(
        "create trigger consent_stays before update on users.consent"
        " for each row execute function users.refuse_change()"
    )
    op.create_table(
        "customer_group",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(200), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_customer_group"),
        sa.UniqueConstraint("code", name="uq_customer_group_code"),
        schema=SCHEMA,
    )
    op.create_table(
        "group_member",
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("group_id", "account_id", name="pk_group_member"),
        sa.ForeignKeyConstraint(["group_id"], [f"{SCHEMA}.customer_group.id"], name="fk_group_member_group_id"),
        sa.ForeignKeyConstraint(
            ["account_id"], [f"{SCHEMA}.profile.id"], name="fk_group_member_account_id", ondelete="CASCADE"
        ),
        schema=SCHEMA,
    )
    op.create_index("ix_group_member_account_id", "group_member", ["account_id"], schema=SCHEMA)
    op.create_table(
        "timeline",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid()),
        sa.PrimaryKeyConstraint("id", name="pk_timeline"),
        schema=SCHEMA,
    )
    op.create_index("ix_timeline_account_id_id", "timeline", ["account_id", "id"], schema=SCHEMA)
    # The id of an account tells when it was made, so the entry has its place in the order.
    op.execute(
        """
        insert into users.timeline (id, account_id, at, kind, detail)
        select id, id, registered_at, 'registered', kind from users.profile
        """
    )


def downgrade() -> None:
    for table in ("timeline", "group_member", "customer_group", "consent"):
        op.drop_table(table, schema=SCHEMA)
    op.execute("drop function users.refuse_change()")
