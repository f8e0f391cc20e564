"""The inventory on PostgreSQL."""

from merx.contexts.inventory.adapters.postgres.ledger import PostgresInventoryUow, PostgresStockLedger
from merx.contexts.inventory.adapters.postgres.queries import PostgresInventoryQueries

__all__ = ["PostgresInventoryQueries", "PostgresInventoryUow", "PostgresStockLedger"]
