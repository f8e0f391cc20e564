"""Staff stops a job, lets it go on, or wants a run now."""

from dataclasses import dataclass

from merx.contexts.operations.ports.repositories import OperationsUowFactory
from merx.kernel.actor import Actor
from merx.kernel.audit import AuditEntry
from merx.kernel.ports import Clock


@dataclass(frozen=True, slots=True)
class SteerJobHandler:
    """Raises JobNotFound."""

    uow: OperationsUowFactory
    clock: Clock

    async def pause(self, actor: Actor, name: str) -> None:
        """What runs at that moment ends; after that nothing of the job begins. Twice is once."""
        async with self.uow() as uow:
            if await uow.jobs.pause(name, self.clock.now()):
                uow.record(_entry(actor, "paused", name))
                await uow.commit()

    async def resume(self, actor: Actor, name: str) -> None:
        async with self.uow() as uow:
            if await uow.jobs.resume(name):
                uow.record(_entry(actor, "resumed", name))
                await uow.commit()

    async def run(self, actor: Actor, name: str) -> None:
        """Raises JobIsPaused and JobRuns."""
        async with self.uow() as uow:
            await uow.jobs.run(name)
            uow.record(_entry(actor, "run", name))
            await uow.commit()


def _entry(actor: Actor, done: str, name: str) -> AuditEntry:
    return AuditEntry(actor=actor, action=f"operations.job-{done}", target="job", target_id=name)
