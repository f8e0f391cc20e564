"""One transaction of operations."""

from collections.abc import Callable
from typing import Protocol, Self

from merx.contexts.operations.ports.dead_letters import DeadLetters
from merx.contexts.operations.ports.jobs import JobBook
from merx.kernel.ports import UnitOfWork


class OperationsUow(UnitOfWork, Protocol):
    @property
    def jobs(self) -> JobBook: ...
    @property
    def dead_letters(self) -> DeadLetters: ...

    async def __aenter__(self) -> Self: ...


OperationsUowFactory = Callable[[], OperationsUow]
