"""Carts on PostgreSQL, on the shopper's path: compiled statements, no ORM."""

from merx.contexts.carts.adapters.postgres.carts import PostgresCartReads, PostgresCartsUow
from merx.contexts.carts.adapters.postgres.checkout import PostgresCheckoutCarts
from merx.contexts.carts.adapters.postgres.combined import CombinedCartEdits
from merx.contexts.carts.adapters.postgres.rows import EMAIL_KEYS, CartRow

__all__ = [
    "EMAIL_KEYS",
    "CartRow",
    "CombinedCartEdits",
    "PostgresCartReads",
    "PostgresCartsUow",
    "PostgresCheckoutCarts",
]
