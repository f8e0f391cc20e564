"""API keys that replaced one another are one caller: each knows the first of them."""

import sqlalchemy as sa
from alembic import op

revision = "0031_key_lineage"
down_revision = "0030_one_form_of_names"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_key", sa.Column("lineage", sa.Uuid()), schema="identity")
    op.execute(
        """
        with recursive line (id, first) as (
            select key.replaced_by, key.id from identity.api_key key
             where key.replaced_by is not null
               and not exists (select from identity.api_key before where before.replaced_by = key.id)
            union all
            select key.replaced_by, line.first from line join identity.api_key key on key.id = line.id
             where key.replaced_by is not null
        )
        update identity.api_key key set lineage = line.first from line where line.id = key.id
        """
    )


def downgrade() -> None:
    op.drop_column("api_key", "lineage", schema="identity")
