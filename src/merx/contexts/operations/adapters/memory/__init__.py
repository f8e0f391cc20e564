"""Operations in the process."""

from merx.contexts.operations.adapters.memory.queries import MemoryJobQueries
from merx.contexts.operations.adapters.memory.uow import MemoryOperationsUow

__all__ = ["MemoryJobQueries", "MemoryOperationsUow"]
