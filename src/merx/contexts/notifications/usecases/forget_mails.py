"""Mails and the note that they were sent are not kept for ever."""

from dataclasses import dataclass
from datetime import timedelta

from merx.contexts.notifications.ports.mailbox import Mailbox
from merx.contexts.notifications.ports.repositories import NotificationsUowFactory
from merx.kernel.model import Event
from merx.kernel.ports import Clock

BATCH = 5_000


@dataclass(frozen=True, slots=True)
class ForgetMailsHandler:
    """The mails first, and no transaction is open meanwhile. What is beyond a batch waits for the next turn."""

    uow: NotificationsUowFactory
    mailbox: Mailbox
    clock: Clock
    days: int

    async def __call__(self, _: Event) -> None:
        before = self.clock.now() - timedelta(days=self.days)
        await self.mailbox.forget_before(before)
        async with self.uow() as uow:
            await uow.messages.forget(before, BATCH)
            await uow.commit()
