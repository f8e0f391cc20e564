"""Schema of notifications."""

revision = "0009_notifications"
down_revision = "0008_payments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
