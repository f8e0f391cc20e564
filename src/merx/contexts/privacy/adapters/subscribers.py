"""What privacy hears: another password or another e-mail makes codes of before void."""

from dataclasses import dataclass

from merx.contexts.identity.events import EmailChanged, PasswordChanged
from merx.contexts.privacy.domain.erasure import ErasureState
from merx.contexts.privacy.ports.repositories import PrivacyUow
from merx.kernel.ports import Clock


@dataclass(frozen=True, slots=True)
class VoidCodes:
    clock: Clock

    async def __call__(self, event: PasswordChanged | EmailChanged, uow: PrivacyUow) -> None:
        """An erasure that was confirmed goes on: its owner was told, and can call it off."""
        erasure = await uow.erasures.open_of(event.account_id)
        if erasure is not None and erasure.state is ErasureState.asked and erasure.asked_at <= event.at:
            erasure.cancel(self.clock.now())
            await uow.erasures.save(erasure)
