"""What notifications needs to write."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, Self
from uuid import UUID

from merx.contexts.notifications.domain.message import Message, MessageState
from merx.kernel.ports import UnitOfWork


class Messages(Protocol):
    async def queue(self, message: Message) -> bool:
        """Remember that it is to be sent, or count one more attempt.

        False when it was sent already, or another event of the same occasion is about to send it.
        """
        ...

    async def settle(self, dedupe_key: str, state: MessageState, now: datetime, error: str | None) -> None:
        """How the attempt ended. What was sent stays sent."""
        ...

    async def of(self, dedupe_key: str) -> Message | None: ...

    async def events_of(self, account_id: UUID, recipients: Sequence[str]) -> set[UUID]:
        """The events that mails to this account, or to one of these recipient hashes, tell of."""
        ...

    async def forget(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` that nothing happened to since that moment; returns how many."""
        ...


class NotificationsUow(UnitOfWork, Protocol):
    @property
    def messages(self) -> Messages: ...

    async def __aenter__(self) -> Self: ...


class NotificationsUowFactory(Protocol):
    def __call__(self) -> NotificationsUow: ...
