"""A person wants to see what is known of them: a file that is there for some days."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self
from uuid import UUID

from merx.contexts.privacy.domain.errors import TooManyExports
from merx.contexts.privacy.events import ExportAsked
from merx.kernel.ids import new_id
from merx.kernel.model import Entity

# A worker that was told and has not reported by then is told again when the person asks again.
PATIENCE = timedelta(hours=1)
# Each one reads every table that tells of people: nobody needs more, and a stolen sign-in gets no copies without end.
MAX_A_DAY, DAY = 3, timedelta(hours=24)


class ExportState(StrEnum):
    preparing = "preparing"
    ready = "ready"
    expired = "expired"


class DataExport(Entity, kw_only=True):
    """`size` is that of the file in bytes, 0 while there is none. `expires_at` is when the file goes."""

    account_id: UUID
    state: ExportState = ExportState.preparing
    asked_at: datetime
    told_at: datetime
    ready_at: datetime | None = None
    expires_at: datetime | None = None
    size: int = 0

    @classmethod
    def ask(cls, account_id: UUID, now: datetime) -> tuple[Self, ExportAsked]:
        made = cls(id=new_id(), account_id=account_id, asked_at=now, told_at=now)
        return made, ExportAsked(at=now, export_id=made.id)

    @staticmethod
    def must_be_few(asked: Sequence[datetime], now: datetime) -> None:
        """`asked` is when the person asked within the last day, the oldest first. Raises TooManyExports."""
        if len(asked) >= MAX_A_DAY:
            wait = asked[-MAX_A_DAY] + DAY - now
            raise TooManyExports(f"{MAX_A_DAY} a day", retry_after=max(1, math.ceil(wait.total_seconds())))

    def ask_again(self, now: datetime) -> ExportAsked | None:
        """None while a worker may still be at it."""
        if now < self.told_at + PATIENCE:
            return None
        self.told_at = now
        return ExportAsked(at=now, export_id=self.id)

    def is_there(self, size: int, now: datetime, kept: timedelta) -> None:
        self.state, self.size = ExportState.ready, size
        self.ready_at, self.expires_at = now, now + kept

    def expire(self) -> None:
        self.state, self.size = ExportState.expired, 0
