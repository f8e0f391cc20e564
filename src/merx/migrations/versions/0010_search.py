"""Schema of search."""

revision = "0010_search"
down_revision = "0009_notifications"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
