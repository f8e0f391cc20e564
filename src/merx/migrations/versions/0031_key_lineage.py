"""API keys that replaced one another are one caller: each knows the first of them.

Those that did so before go on as callers of their own, and their line begins with the next that replaces them: the
answers that are kept for them stand under their own ids.
"""

import sqlalchemy as sa
from alembic import op

revision = "0031_key_lineage"
down_revision = "0030_one_form_of_names"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_key", sa.Column("lineage", sa.Uuid()), schema="identity")


def downgrade() -> None:
    op.drop_column("api_key", "lineage", schema="identity")
