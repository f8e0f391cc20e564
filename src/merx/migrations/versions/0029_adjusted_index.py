"""Count-outs of a day are found by an index, which is built while the shop sells.

Each sale writes to this table, the largest of a shop: an index that is built at once would hold all sales up for as
long as that takes. A run that was ended half-way leaves an index that nobody uses; the next one begins anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "0029_adjusted_index"
down_revision = "0028_job_pauses"
branch_labels = None
depends_on = None

_DROP = "drop index concurrently if exists inventory.ix_movement_adjusted"


def upgrade() -> None:
    # Not possible inside a transaction.
    with op.get_context().autocommit_block():
        op.execute(_DROP)
        op.create_index(
            "ix_movement_adjusted",
            "movement",
            ["variant_id", "at"],
            schema="inventory",
            postgresql_where=sa.text("kind = 'adjusted'"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(_DROP)
