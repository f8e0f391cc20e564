"""Deliveries that were given up."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from merx.kernel.model import View
from merx.kernel.paging import Page


class DeadLetterView(View, frozen=True):
    """`tag` names the event and is empty when that is gone. `last_error` is without e-mail addresses and tokens."""

    id: UUID
    subscriber: str
    tag: str
    event_id: UUID
    attempts: int
    failures: int
    last_error: str
    created_at: datetime


class DeadLetterDetail(DeadLetterView, frozen=True):
    """`payload` is the event with `***` for every text that could tell who somebody is. None when the event is gone."""

    happened_at: datetime | None
    payload: dict[str, Any] | None


class DeadLetterQueries(Protocol):
    async def page(self, subscriber: str | None, after: str | None, limit: int) -> Page[DeadLetterView]:
        """Oldest first."""
        ...

    async def one(self, letter_id: UUID) -> DeadLetterDetail:
        """Raises DeadLetterNotFound."""
        ...


class DeadLetters(Protocol):
    """Dead letters in an open transaction."""

    async def retry(self, subscriber: str | None, ids: Sequence[UUID] | None) -> list[UUID]:
        """Make them due again with a clean record; which ones. None is no condition.

        Of a job the latest of them, and none while a run of it waits or works.
        """
        ...

    async def is_dead(self, letter_id: UUID) -> bool: ...
