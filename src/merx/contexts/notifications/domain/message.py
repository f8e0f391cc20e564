"""What is remembered of a mail: that it is to be sent, or was. Neither its text nor its address."""

from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

import msgspec

from merx.contexts.notifications.domain.mail import CHANNEL, Mail, recipient_hash
from merx.kernel.ids import new_id


class MessageState(StrEnum):
    """queued → sent | failed; failed → queued when the event is delivered again."""

    queued = "queued"
    sent = "sent"
    failed = "failed"


class Message(msgspec.Struct, kw_only=True, eq=False):
    """`dedupe_key` is `occasion:recipient:channel`: of two with the same key one is sent.

    `account_id` is whose news it is, None for a guest's.
    """

    id: UUID
    dedupe_key: str
    kind: str
    channel: str
    event_id: UUID
    recipient_hash: str
    account_id: UUID | None = None
    state: MessageState
    attempts: int
    created_at: datetime
    changed_at: datetime
    last_error: str | None = None

    @classmethod
    def queued(cls, mail: Mail, occasion: str, now: datetime, account_id: UUID | None = None) -> Self:
        recipient = recipient_hash(mail.to_address)
        return cls(
            id=new_id(),
            dedupe_key=f"{occasion}:{recipient}:{CHANNEL}",
            kind=mail.kind,
            channel=CHANNEL,
            event_id=mail.event_id,
            recipient_hash=recipient,
            account_id=account_id,
            state=MessageState.queued,
            attempts=1,
            created_at=now,
            changed_at=now,
        )
