"""Staff asks for a new index; the worker builds it."""

from dataclasses import dataclass

from merx.contexts.search.events import ReindexRequested
from merx.contexts.search.ports.neighbours import UnitOfWorkFactory
from merx.kernel.ports import Clock


@dataclass(frozen=True, slots=True)
class RequestReindexHandler:
    uow: UnitOfWorkFactory
    clock: Clock

    async def __call__(self) -> None:
        async with self.uow() as uow:
            uow.emit(ReindexRequested(at=self.clock.now()))
            await uow.commit()
