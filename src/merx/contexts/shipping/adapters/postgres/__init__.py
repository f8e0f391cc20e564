"""Shipping on PostgreSQL."""

from merx.contexts.shipping.adapters.postgres.queries import PostgresShippingQueries
from merx.contexts.shipping.adapters.postgres.rows import MethodRow, RateRow, ZoneRow
from merx.contexts.shipping.adapters.postgres.uow import PostgresShippingUow

__all__ = ["MethodRow", "PostgresShippingQueries", "PostgresShippingUow", "RateRow", "ZoneRow"]
