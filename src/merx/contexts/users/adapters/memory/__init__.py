"""Users in the process."""

from merx.contexts.users.adapters.memory.queries import MemoryUsersQueries
from merx.contexts.users.adapters.memory.uow import MemoryUsersUow

__all__ = ["MemoryUsersQueries", "MemoryUsersUow"]
