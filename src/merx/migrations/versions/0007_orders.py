"""Schema of orders."""

revision = "0007_orders"
down_revision = "0006_carts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
