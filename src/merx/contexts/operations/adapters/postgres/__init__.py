"""Operations on PostgreSQL."""

from merx.contexts.operations.adapters.postgres.queries import PostgresDeadLetterQueries, PostgresJobQueries
from merx.contexts.operations.adapters.postgres.uow import PostgresOperationsUow

__all__ = ["PostgresDeadLetterQueries", "PostgresJobQueries", "PostgresOperationsUow"]
