"""Carts, orders and sign-ins through providers have a key beside the e-mail that they are found by.

The shop may be at work: what a process of the version before writes has no key, and whoever follows a person fills it
in first. Sign-ins through providers need nobody to do that: they live for an hour.
"""

import sqlalchemy as sa
from alembic import op

revision = "0032_email_keys"
down_revision = "0031_key_lineage"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("identity", "provider_sign_in", sa.String(254)),
    ("carts", "cart", sa.String(254)),
    ("orders", "order", sa.Text()),
)


def upgrade() -> None:
    for schema, table, kind in _COLUMNS:
        op.add_column(table, sa.Column("email_key", kind), schema=schema)
    # A process of the version before that erases somebody would leave the key: it is refused, and a new one does it.
    op.execute(
        """
        alter table orders."order"
          add constraint ck_order_blank_email check (email <> '' or email_key = '') not valid
        """
    )
    # Folded for a search, some letters of an e-mail become more than one.
    op.alter_column("profile", "email_key", type_=sa.String(400, collation="C"), schema="users")


def downgrade() -> None:
    op.execute('alter table users.profile alter email_key type varchar(254) collate "C" using left(email_key, 254)')
    op.drop_constraint("ck_order_blank_email", "order", schema="orders")
    for schema, table, _ in reversed(_COLUMNS):
        op.drop_column(table, "email_key", schema=schema)
