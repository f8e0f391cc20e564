"""Reads of approvals in the process."""

from datetime import datetime
from uuid import UUID

from merx.contexts.approvals.ports.queries import ApprovalState, ApprovalView, view_of
from merx.infra.approvals.memory import TABLE
from merx.infra.memory import MemoryStore, copied
from merx.kernel.approvals import Approval, ApprovalNotFound
from merx.kernel.paging import Page, decode_id, page_of


class MemoryApprovalQueries:
    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def page(
        self, state: ApprovalState | None, now: datetime, after: str | None, limit: int
    ) -> Page[ApprovalView]:
        below = decode_id(after)
        rows: list[Approval] = sorted(self._store.table(TABLE).values(), key=lambda row: row.id, reverse=True)
        found = [
            view
            for view in (view_of(copied(row), now) for row in rows if below is None or row.id < below)
            if state in (None, view.state)
        ]
        return page_of(found, limit)

    async def one(self, approval_id: UUID, now: datetime) -> ApprovalView:
        row = self._store.table(TABLE).get(approval_id)
        if row is None:
            raise ApprovalNotFound
        return view_of(copied(row), now)
