"""Staff has deliveries tried again, after what was wrong with them has been put right."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from merx.contexts.operations.domain.errors import DeadLetterNotFound, JobRuns
from merx.contexts.operations.ports.repositories import OperationsUowFactory
from merx.kernel.actor import Actor
from merx.kernel.audit import AuditEntry, facts
from merx.kernel.model import Command, View

# A row of the trail names so many; there may be a hundred thousand.
_NAMED = 50


class RetryDeadLetters(Command, frozen=True):
    subscriber: Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+\Z")]


class Retried(View, frozen=True):
    """How many deliveries are due again."""

    retried: int


@dataclass(frozen=True, slots=True)
class RetryDeadLettersHandler:
    uow: OperationsUowFactory

    async def one(self, actor: Actor, letter_id: UUID) -> Retried:
        """Raises DeadLetterNotFound, and JobRuns for that of a job of which a run waits or works."""
        async with self.uow() as uow:
            if not await uow.dead_letters.retry(None, [letter_id]):
                raise JobRuns if await uow.dead_letters.is_dead(letter_id) else DeadLetterNotFound
            uow.record(_entry(actor, "dead-letter", letter_id, [letter_id]))
            await uow.commit()
        return Retried(1)

    async def of(self, actor: Actor, cmd: RetryDeadLetters) -> Retried:
        """All of one subscriber."""
        return await self.all(actor, cmd.subscriber, None)

    async def all(self, actor: Actor, subscriber: str | None, ids: Sequence[UUID] | None) -> Retried:
        """None is no condition."""
        async with self.uow() as uow:
            found = await uow.dead_letters.retry(subscriber, ids)
            uow.record(_entry(actor, "subscriber", subscriber or "*", found))
            await uow.commit()
        return Retried(len(found))


def _entry(actor: Actor, target: str, target_id: UUID | str, found: Sequence[UUID]) -> AuditEntry:
    told = facts(retried=len(found), deliveries=[str(each) for each in found[:_NAMED]])
    return AuditEntry(
        actor=actor, action="operations.dead-letters-retried", target=target, target_id=target_id, changes=told
    )
