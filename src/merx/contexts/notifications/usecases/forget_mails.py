"""Mails and the note that they were sent are not kept for ever."""

from dataclasses import dataclass
from datetime import timedelta

from merx.contexts.notifications.ports.mailbox import Mailbox
from merx.contexts.notifications.ports.repositories import NotificationsUow
from merx.kernel.model import Event
from merx.kernel.ports import Clock

BATCH = 5_000


@dataclass(frozen=True, slots=True)
class ForgetMailsHandler:
    """Runs in the transaction of the job. What is beyond a batch waits for the next turn."""

    mailbox: Mailbox
    clock: Clock
    days: int

    async def __call__(self, _: Event, uow: NotificationsUow) -> None:
        before = self.clock.now() - timedelta(days=self.days)
        await self.mailbox.forget_before(before)
        await uow.messages.forget(before, BATCH)
