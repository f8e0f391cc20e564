"""The catalogue on PostgreSQL."""

from merx.contexts.catalog.adapters.postgres.facade import PostgresCatalog
from merx.contexts.catalog.adapters.postgres.queries import PostgresCatalogQueries
from merx.contexts.catalog.adapters.postgres.uow import PostgresCatalogUow

__all__ = ["PostgresCatalog", "PostgresCatalogQueries", "PostgresCatalogUow"]
