"""A second person agrees, and what was asked for happens; or does not, and nothing happens."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Protocol
from uuid import UUID

from msgspec import Meta

from merx.contexts.approvals.ports.queries import ApprovalQueries
from merx.kernel.actor import Actor
from merx.kernel.approvals import ApprovalStale, SecondPerson
from merx.kernel.errors import StaleVersion
from merx.kernel.model import Command
from merx.kernel.ports import Clock, UnitOfWork


class Carrier(Protocol):
    """Carries out one kind, in one transaction with the decision."""

    async def __call__(self, actor: Actor, approval_id: UUID) -> None: ...


class Reject(Command, frozen=True):
    reason: Annotated[str, Meta(max_length=1000, pattern=r"^[^\x00]*\Z")] = ""


@dataclass(frozen=True, slots=True)
class DecideHandler:
    """`carriers` by the name of the kind. Raises ApprovalNotFound, ApprovalOver, Forbidden."""

    uow: Callable[[], UnitOfWork]
    second: SecondPerson
    queries: ApprovalQueries
    carriers: Mapping[str, Carrier]
    clock: Clock

    async def approve(self, actor: Actor, approval_id: UUID) -> None:
        """Raises OwnRequest, StepUpNeeded, ApprovalStale, and what the change itself raises."""
        asked = await self.queries.one(approval_id, self.clock.now())
        try:
            await self.carriers[asked.kind](actor, approval_id)
        except StaleVersion:
            raise ApprovalStale from None

    async def reject(self, actor: Actor, approval_id: UUID, cmd: Reject) -> None:
        """Whoever asked may do this too: it is taken back."""
        async with self.uow() as uow:
            await self.second.reject(uow, actor, approval_id, cmd.reason)
            await uow.commit()
