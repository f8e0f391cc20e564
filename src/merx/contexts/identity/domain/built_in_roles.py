"""The roles that every shop begins with. All but the owner's are data like any other: edit them, or remove them."""

from datetime import UTC, datetime
from uuid import UUID

from merx.contexts.identity.domain.role import OWNER, Role, name_key

_MADE = datetime(2026, 1, 1, tzinfo=UTC)
_ROLES = (
    ("Owner", "Everything. Cannot be changed or removed.", ("*",)),
    ("Catalogue manager", "Products, categories, brands and search.", ("catalog:*", "inventory:read", "search:*")),
    (
        "Order desk",
        "Orders from placing to delivery, and their money.",
        ("orders:*", "payments:*", "shipping:read", "users:read"),
    ),
    ("Warehouse", "Stock and parcels.", ("inventory:*", "orders:read", "orders:write", "shipping:read")),
    ("Support", "Looks, and changes nothing.", ("orders:read", "payments:read", "shipping:read", "users:read")),
)


def built_in_roles() -> list[Role]:
    """As the migrations put them into a database."""
    return [
        Role(
            id=UUID(int=OWNER.int + place),
            version=1,
            name=name,
            name_key=name_key(name),
            description=description,
            grants=grants,
            created_at=_MADE,
        )
        for place, (name, description, grants) in enumerate(_ROLES)
    ]
