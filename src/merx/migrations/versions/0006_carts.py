"""Schema of carts."""

revision = "0006_carts"
down_revision = "0005_shipping"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
