"""Search keeps nothing in PostgreSQL; the number stays, for databases remember it."""

revision = "0010_search"
down_revision = "0009_notifications"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing to make."""


def downgrade() -> None:
    """Nothing to remove."""
