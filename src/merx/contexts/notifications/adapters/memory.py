"""Messages and mail in the process."""

from collections import OrderedDict
from collections.abc import Collection, Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from uuid import UUID

from merx.contexts.notifications.adapters.rfc5322 import as_message
from merx.contexts.notifications.domain.mail import Mail, MailKind
from merx.contexts.notifications.domain.message import Message, MessageState
from merx.infra.memory import MemoryTable, MemoryTx, MemoryUow

MESSAGES = "notifications.message"
MAX_KEPT = 500


class MemoryMessages:
    def __init__(self, tx: MemoryTx) -> None:
        self._rows: MemoryTable[Message] = tx.table(MESSAGES)

    async def queue(self, message: Message) -> bool:
        held = self._rows.get(message.dedupe_key)
        if held is None:
            self._rows.put(message.dedupe_key, message)
            return True
        others = held.state is MessageState.queued and held.event_id != message.event_id
        if held.state is MessageState.sent or others:
            return False
        held.event_id = message.event_id
        held.state, held.changed_at, held.last_error = MessageState.queued, message.changed_at, None
        held.attempts += 1
        self._rows.put(message.dedupe_key, held)
        return True

    async def settle(self, dedupe_key: str, state: MessageState, now: datetime, error: str | None) -> None:
        held = self._rows.get(dedupe_key)
        if held is not None and held.state is not MessageState.sent:
            held.state, held.changed_at, held.last_error = state, now, error
            self._rows.put(dedupe_key, held)

    async def of(self, dedupe_key: str) -> Message | None:
        return self._rows.get(dedupe_key)

    async def events_of(self, account_id: UUID, recipients: Sequence[str]) -> set[UUID]:
        return {
            message.event_id
            for message in self._rows.values()
            if message.account_id == account_id or message.recipient_hash in recipients
        }

    async def forget(self, before: datetime, limit: int) -> int:
        return self._rows.forget(lambda message: message.changed_at < before, limit)


class MemoryNotificationsUow(MemoryUow):
    def open(self, tx: MemoryTx) -> None:
        self.messages = MemoryMessages(tx)


class MemoryMailbox:
    """Implements Mailbox; keeps the newest mails, for tests and for trying the API out."""

    def __init__(self, sender: Address, limit: int = MAX_KEPT) -> None:
        self._sender = sender
        self._limit = limit
        self._kept: OrderedDict[tuple[UUID, MailKind], tuple[datetime, EmailMessage]] = OrderedDict()

    async def send(self, mail: Mail) -> None:
        self._kept[mail.event_id, mail.kind] = (mail.at, as_message(mail, self._sender))
        if len(self._kept) > self._limit:
            self._kept.popitem(last=False)

    async def forget(self, event_ids: Collection[UUID]) -> None:
        for key in [key for key in self._kept if key[0] in event_ids]:
            del self._kept[key]

    async def forget_before(self, moment: datetime) -> int:
        old = [key for key, (at, _) in self._kept.items() if at < moment]
        for key in old:
            del self._kept[key]
        return len(old)

    @property
    def messages(self) -> list[EmailMessage]:
        """Oldest first."""
        return [message for _, message in self._kept.values()]
