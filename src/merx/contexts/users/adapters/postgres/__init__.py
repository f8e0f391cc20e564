"""Users on PostgreSQL."""

from merx.contexts.users.adapters.postgres.queries import PostgresUsersQueries
from merx.contexts.users.adapters.postgres.rows import ProfileRow, SavedAddressRow
from merx.contexts.users.adapters.postgres.uow import PostgresUsersUow

__all__ = ["PostgresUsersQueries", "PostgresUsersUow", "ProfileRow", "SavedAddressRow"]
