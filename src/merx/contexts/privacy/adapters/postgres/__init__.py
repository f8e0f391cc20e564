"""Privacy on PostgreSQL."""

from merx.contexts.privacy.adapters.postgres.queries import PostgresPrivacyQueries
from merx.contexts.privacy.adapters.postgres.uow import PostgresPrivacyUow

__all__ = ["PostgresPrivacyQueries", "PostgresPrivacyUow"]
