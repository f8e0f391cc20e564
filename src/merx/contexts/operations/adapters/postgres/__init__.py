"""Operations on PostgreSQL."""

from merx.contexts.operations.adapters.postgres.queries import PostgresJobQueries
from merx.contexts.operations.adapters.postgres.uow import PostgresOperationsUow

__all__ = ["PostgresJobQueries", "PostgresOperationsUow"]
