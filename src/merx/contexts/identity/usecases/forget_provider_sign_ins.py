"""Sign-ins through providers that nobody can finish any more are forgotten."""

from dataclasses import dataclass
from datetime import timedelta

from merx.contexts.identity.domain.provider_sign_in import FLOW_LIFE
from merx.contexts.identity.ports.repositories import IdentityUow
from merx.kernel.model import Event
from merx.kernel.ports import Clock

# A state must not become good again while its flow could still be in time.
KEPT = FLOW_LIFE + timedelta(minutes=50)
BATCH = 5_000


@dataclass(frozen=True, slots=True)
class ForgetProviderSignInsHandler:
    """Runs in the transaction of the job. What is beyond a batch waits for the next turn."""

    clock: Clock

    async def __call__(self, _: Event, uow: IdentityUow) -> None:
        await uow.provider_sign_ins.forget(self.clock.now() - KEPT, BATCH)
