"""The catalogue in memory."""

from merx.contexts.catalog.adapters.memory.queries import MemoryCatalogQueries
from merx.contexts.catalog.adapters.memory.shelf import MemoryCatalog
from merx.contexts.catalog.adapters.memory.uow import MemoryCatalogUow

__all__ = ["MemoryCatalog", "MemoryCatalogQueries", "MemoryCatalogUow"]
