"""Codes and challenges that nobody can use any more are forgotten."""

from dataclasses import dataclass
from datetime import timedelta

from merx.contexts.identity.ports.repositories import IdentityUow
from merx.kernel.model import Event
from merx.kernel.ports import Clock

KEPT = timedelta(days=1)
BATCH = 5_000


@dataclass(frozen=True, slots=True)
class ForgetCodesHandler:
    """Runs in the transaction of the job. What is beyond a batch waits for the next turn."""

    clock: Clock

    async def __call__(self, _: Event, uow: IdentityUow) -> None:
        before = self.clock.now() - KEPT
        await uow.codes.forget(before, BATCH)
        await uow.challenges.forget(before, BATCH)
