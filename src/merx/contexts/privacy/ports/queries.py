"""What people and staff read of exports and erasures."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from merx.contexts.privacy.domain.erasure import ErasureState
from merx.contexts.privacy.domain.export import ExportState
from merx.kernel.model import View
from merx.kernel.paging import Page


class ExportView(View, frozen=True):
    """`size` is that of the file in bytes, 0 while there is none."""

    id: UUID
    state: ExportState
    asked_at: datetime
    ready_at: datetime | None
    expires_at: datetime | None
    size: int


class ErasureView(View, frozen=True):
    """`due_at` is the end of the waiting time. `postponed_for` names what is not finished: orders, payments."""

    id: UUID
    state: ErasureState
    by_staff: bool
    asked_at: datetime
    due_at: datetime | None
    postponed_for: tuple[str, ...]


class PrivacyQueries(Protocol):
    async def exports(self, account_id: UUID, after: str | None, limit: int) -> Page[ExportView]:
        """Newest first."""
        ...

    async def export(self, account_id: UUID, export_id: UUID) -> ExportView:
        """Raises ExportNotFound, also for one of somebody else."""
        ...

    async def erasure(self, account_id: UUID) -> ErasureView:
        """The newest that was not cancelled. Raises ErasureNotFound."""
        ...
