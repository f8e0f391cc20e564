"""Reads of approvals on PostgreSQL."""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy import DateTime, Text, Uuid, and_, bindparam, or_, select

from merx.contexts.approvals.ports.queries import ApprovalState, ApprovalView, view_of
from merx.infra.approvals.rows import ApprovalRow
from merx.infra.postgres import Reader, compiled
from merx.kernel.approvals import Approval, ApprovalNotFound
from merx.kernel.paging import Page, decode_id, page_of

_FIELDS = Approval.__struct_fields__
_ALL = select(*(getattr(ApprovalRow, name) for name in _FIELDS))
_ONE = compiled(_ALL.where(ApprovalRow.id == bindparam("approval_id")))
_AFTER, _STATE = bindparam("after", type_=Uuid), bindparam("state", type_=Text)
_OVER = ApprovalRow.expires_at <= bindparam("now", type_=DateTime(timezone=True))
_PAGE = compiled(
    _ALL.where(
        or_(_AFTER.is_(None), ApprovalRow.id < _AFTER),
        or_(
            _STATE.is_(None),
            and_(ApprovalRow.state == _STATE, or_(ApprovalRow.state != "pending", ~_OVER)),
            and_(_STATE == "expired", ApprovalRow.state == "pending", _OVER),
        ),
    )
    .order_by(ApprovalRow.id.desc())
    .limit(bindparam("rows"))
)
_command = msgspec.json.Decoder(dict).decode


class PostgresApprovalQueries:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def page(
        self, state: ApprovalState | None, now: datetime, after: str | None, limit: int
    ) -> Page[ApprovalView]:
        rows = await self._reader.fetch(_PAGE, state=state, now=now, after=decode_id(after), rows=limit + 1)
        return page_of([_view(row, now) for row in rows], limit)

    async def one(self, approval_id: UUID, now: datetime) -> ApprovalView:
        row = await self._reader.fetchrow(_ONE, approval_id=approval_id)
        if row is None:
            raise ApprovalNotFound
        return _view(row, now)


def _view(row: asyncpg.Record, now: datetime) -> ApprovalView:
    return view_of(msgspec.convert(dict(row) | {"command": _command(row["command"])}, Approval), now)
