"""Schema of payments."""

revision = "0008_payments"
down_revision = "0007_orders"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
