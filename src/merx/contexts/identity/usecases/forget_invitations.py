"""Invitations of long ago are forgotten, and the addresses with them."""

from dataclasses import dataclass
from datetime import timedelta

from merx.contexts.identity.ports.repositories import IdentityUow
from merx.kernel.model import Event
from merx.kernel.ports import Clock

KEPT = timedelta(days=90)
BATCH = 5_000


@dataclass(frozen=True, slots=True)
class ForgetInvitationsHandler:
    """Runs in the transaction of the job."""

    clock: Clock

    async def __call__(self, _: Event, uow: IdentityUow) -> None:
        await uow.invitations.forget(self.clock.now() - KEPT, BATCH)
