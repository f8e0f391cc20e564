"""Proof of consents of people who are erased is kept as long as somebody may ask for it."""

from dataclasses import dataclass
from datetime import timedelta

from merx.contexts.users.ports.repositories import UsersUow
from merx.kernel.model import Event
from merx.kernel.ports import Clock

KEPT = timedelta(days=3 * 365)
BATCH = 5_000


@dataclass(frozen=True, slots=True)
class ForgetConsentsHandler:
    """Runs in the transaction of the job. What is beyond a batch waits for the next turn."""

    clock: Clock

    async def __call__(self, _: Event, uow: UsersUow) -> None:
        await uow.consents.forget_erased(self.clock.now() - KEPT, BATCH)
