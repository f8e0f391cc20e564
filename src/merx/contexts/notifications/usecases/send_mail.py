"""An event becomes a mail."""

from dataclasses import dataclass
from uuid import UUID

from merx.contexts.notifications.domain.message import Message, MessageState
from merx.contexts.notifications.domain.shop import Shop
from merx.contexts.notifications.domain.templates import TEMPLATES
from merx.contexts.notifications.ports.mailbox import Mailbox, Undeliverable
from merx.contexts.notifications.ports.repositories import NotificationsUowFactory
from merx.kernel.model import Event
from merx.kernel.ports import Clock


def account_of(event: Event) -> UUID | None:
    """Whose news it is: an account's, or that of the customer of an order."""
    found: UUID | None = getattr(event, "account_id", None) or getattr(event, "customer_id", None)
    return found


@dataclass(frozen=True, slots=True)
class SendMailHandler:
    """One mail for each event, however often the event arrives. No transaction is open while the mail is sent.

    A process that dies between sending and remembering sends the same mail again, under the same name. A mail that
    cannot be delivered is remembered as failed and given up; every other failure is raised, so that the event comes
    back.
    """

    uow: NotificationsUowFactory
    mailbox: Mailbox
    shop: Shop
    clock: Clock

    async def __call__(self, event: Event) -> None:
        template = TEMPLATES[type(event)]
        if not template.wanted(event):
            return
        mail = template.render(event, self.shop)
        message = Message.queued(mail, template.occasion(event), self.clock.now(), account_of(event))
        async with self.uow() as uow:
            if not await uow.messages.queue(message):
                return
            await uow.commit()
        try:
            await self.mailbox.send(mail)
        except Undeliverable as error:
            await self._settle(message, MessageState.failed, error)
        except Exception as error:
            await self._settle(message, MessageState.failed, error)
            raise
        else:
            await self._settle(message, MessageState.sent)

    async def _settle(self, message: Message, state: MessageState, error: Exception | None = None) -> None:
        # The name of the error only: its text may hold the address.
        reason = type(error).__name__ if error else None
        async with self.uow() as uow:
            await uow.messages.settle(message.dedupe_key, state, self.clock.now(), reason)
            await uow.commit()
