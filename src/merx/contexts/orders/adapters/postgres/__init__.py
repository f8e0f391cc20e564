"""Orders on PostgreSQL."""

from merx.contexts.orders.adapters.postgres.queries import PostgresOrderQueries
from merx.contexts.orders.adapters.postgres.rows import EMAIL_KEYS
from merx.contexts.orders.adapters.postgres.uow import PostgresOrdersUow

__all__ = ["EMAIL_KEYS", "PostgresOrderQueries", "PostgresOrdersUow"]
