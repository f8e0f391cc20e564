"""Schema of shipping."""

revision = "0005_shipping"
down_revision = "0004_inventory"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
