"""Staff asks for a new index; the worker builds it."""

from dataclasses import dataclass

from merx.contexts.search.events import ReindexRequested
from merx.contexts.search.ports.neighbours import UnitOfWorkFactory
from merx.kernel.actor import Actor
from merx.kernel.audit import AuditEntry
from merx.kernel.ports import Clock


@dataclass(frozen=True, slots=True)
class RequestReindexHandler:
    uow: UnitOfWorkFactory
    clock: Clock

    async def __call__(self, actor: Actor) -> None:
        async with self.uow() as uow:
            uow.emit(ReindexRequested(at=self.clock.now()))
            uow.record(AuditEntry(actor=actor, action="search.index-rebuilt", target="index", target_id="products"))
            await uow.commit()
