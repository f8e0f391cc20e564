"""Schema of audit: the trail, in which each row carries the hash of the row before."""

import sqlalchemy as sa
from alembic import op

revision = "0016_audit"
down_revision = "0015_people"
branch_labels = None
depends_on = None

SCHEMA = "audit"


def upgrade() -> None:
    op.execute(f"create schema {SCHEMA}")
    op.create_table(
        "entry",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid()),
        sa.Column("impersonator_id", sa.Uuid()),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Text(), nullable=False),
        # JSON, not JSONB: the text itself is hashed.
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_entry"),
        sa.UniqueConstraint("id", name="uq_entry_id"),
        schema=SCHEMA,
    )
    for name, columns in (
        ("at_seq", ["at", "seq"]),
        ("actor_id_seq", ["actor_id", "seq"]),
        ("impersonator_id_seq", ["impersonator_id", "seq"]),
        ("action_seq", ["action", "seq"]),
        ("target_id_seq", ["target_id", "seq"]),
        ("request_id", ["request_id"]),
        ("hash", ["hash"]),
    ):
        op.create_index(f"ix_entry_{name}", "entry", columns, schema=SCHEMA)
    # Each statement of a volatile function sees what was committed before it: the row that is read after the wait is
    # the newest one. In one plain statement it would be the newest one before the wait.
    op.execute(
        """
        create function audit.lock_head(
            out seq bigint, out at timestamptz, out hash bytea, out present timestamptz
        ) language plpgsql volatile set search_path = pg_catalog as
        $$
        begin
            -- "audit_mx"
            perform pg_advisory_xact_lock(7022629598040911224);
            select e.seq, e.at, e.hash into lock_head.seq, lock_head.at, lock_head.hash
              from audit.entry e order by e.seq desc limit 1;
            lock_head.present := clock_timestamp();
        end
        $$
        """
    )


def downgrade() -> None:
    op.execute("drop function audit.lock_head()")
    op.drop_table("entry", schema=SCHEMA)
    op.execute(f"drop schema {SCHEMA}")
