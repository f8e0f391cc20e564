"""What notifications needs to write."""

from datetime import datetime
from typing import Protocol, Self

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


class NotificationsUow(UnitOfWork, Protocol):
    @property
    def messages(self) -> Messages: ...

    async def __aenter__(self) -> Self: ...


class NotificationsUowFactory(Protocol):
    def __call__(self) -> NotificationsUow: ...
