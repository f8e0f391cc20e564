"""What a search for people compares has one form of each letter: a name typed on a Mac was not found from elsewhere."""

from alembic import op

revision = "0030_one_form_of_names"
down_revision = "0029_adjusted_index"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        update users.profile
           set name_key = left(normalize(name_key, nfc), 400), email_key = left(normalize(email_key, nfc), 254),
               version = version + 1
         where name_key is not nfc normalized or email_key is not nfc normalized
        """
    )


def downgrade() -> None:
    """Nothing: each form was always a good one."""
