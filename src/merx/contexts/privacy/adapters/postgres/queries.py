"""Reads of privacy on PostgreSQL."""

from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy import Uuid, bindparam, or_, select

from merx.contexts.privacy.adapters.postgres.rows import DataExportRow, ErasureRow
from merx.contexts.privacy.domain.erasure import ErasureState
from merx.contexts.privacy.domain.errors import ErasureNotFound, ExportNotFound
from merx.contexts.privacy.ports.queries import ErasureView, ExportView
from merx.infra.postgres import Reader, compiled
from merx.kernel.paging import Page, decode_id, page_of

_AFTER = bindparam("after", type_=Uuid)
_EXPORT = select(*(getattr(DataExportRow, name) for name in ExportView.__struct_fields__)).where(
    DataExportRow.account_id == bindparam("account_id")
)
_ONE = compiled(_EXPORT.where(DataExportRow.id == bindparam("export_id")))
_PAGE = compiled(
    _EXPORT.where(or_(_AFTER.is_(None), DataExportRow.id < _AFTER))
    .order_by(DataExportRow.id.desc())
    .limit(bindparam("rows"))
)
_ERASURE = compiled(
    select(*(getattr(ErasureRow, name) for name in ErasureView.__struct_fields__))
    .where(
        ErasureRow.account_id == bindparam("account_id"),
        ErasureRow.state != ErasureState.cancelled.value,
    )
    .order_by(ErasureRow.id.desc())
    .limit(1)
)


class PostgresPrivacyQueries:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def exports(self, account_id: UUID, after: str | None, limit: int) -> Page[ExportView]:
        rows = await self._reader.fetch(_PAGE, account_id=account_id, after=decode_id(after), rows=limit + 1)
        return page_of([_export(row) for row in rows], limit)

    async def export(self, account_id: UUID, export_id: UUID) -> ExportView:
        row = await self._reader.fetchrow(_ONE, account_id=account_id, export_id=export_id)
        if row is None:
            raise ExportNotFound
        return _export(row)

    async def erasure(self, account_id: UUID) -> ErasureView:
        row = await self._reader.fetchrow(_ERASURE, account_id=account_id)
        if row is None:
            raise ErasureNotFound
        return msgspec.convert(dict(row), ErasureView)


def _export(row: asyncpg.Record) -> ExportView:
    return msgspec.convert(dict(row), ExportView)
