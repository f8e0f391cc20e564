"""What notifications holds of people: that a mail was sent, and in the local mailbox the mail itself."""

from typing import Any

from merx.contexts.notifications.domain.mail import recipient_hash
from merx.contexts.notifications.domain.message import Message
from merx.contexts.notifications.ports.mailbox import Mailbox
from merx.contexts.notifications.ports.repositories import NotificationsUowFactory
from merx.infra.personal_data import MemoryRows, TableData
from merx.kernel.personal_data import Section, Subject

_OWN = (
    "account_id = cast(:account_id as uuid) or recipient_hash in"
    " (select left(encode(sha256(convert_to(email, 'UTF8')), 'hex'), 32) from unnest(cast(:emails as text[])) email)"
)

TABLES = (
    TableData(
        table="notifications.message",
        owner=_OWN,
        erase="delete",
    ),
)


def owns(message: Message, subject: Subject) -> bool:
    return message.account_id == subject.account_id or message.recipient_hash in map(recipient_hash, subject.emails)


ROWS = (MemoryRows(table="notifications.message", owns=owns),)


class MailPersonalData:
    """Implements privacy's Part: the mails first, for their rows name them."""

    def __init__(self, part: Any, uow: NotificationsUowFactory, mailbox: Mailbox) -> None:
        self.name: str = part.name
        self._part = part
        self._uow = uow
        self._mailbox = mailbox

    async def traces(self, subject: Subject) -> Subject:
        return subject

    async def matters(self, subject: Subject) -> list[str]:
        return []

    async def export(self, subject: Subject) -> list[Section]:
        found: list[Section] = await self._part.export(subject)
        return found

    async def erase(self, subject: Subject) -> None:
        async with self._uow() as uow:
            told = await uow.messages.events_of(subject.account_id, tuple(map(recipient_hash, subject.emails)))
        await self._mailbox.forget(told)
        await self._part.erase(subject)
