"""Erasures and exports on PostgreSQL."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete, func, select, text

from merx.contexts.privacy.adapters.postgres.rows import DataExportRow, ErasureRow
from merx.contexts.privacy.domain.erasure import Erasure
from merx.contexts.privacy.domain.errors import ErasureNotFound, ExportNotFound
from merx.contexts.privacy.domain.export import DataExport
from merx.infra.postgres import Compiled, PostgresRepository, PostgresTx, PostgresUow, compiled

# Written out, so that the planner sees that the partial indexes fit.
_OPEN = text("state in ('asked', 'waiting', 'closing', 'erasing')")
_PREPARING, _READY = text("state = 'preparing'"), text("state = 'ready'")

_ERASURE = select(ErasureRow.id)
_LOCK = compiled(_ERASURE.where(ErasureRow.id == bindparam("erasure_id")).with_for_update())
_OPEN_OF = compiled(_ERASURE.where(ErasureRow.account_id == bindparam("account_id"), _OPEN).with_for_update())
_DUE = compiled(
    _ERASURE.where(ErasureRow.next_step_at <= bindparam("now"))
    .order_by(ErasureRow.next_step_at)
    .limit(bindparam("how_many"))
    .with_for_update(skip_locked=True)
)
_ASKED_SINCE = compiled(
    select(func.count())
    .select_from(ErasureRow)
    .where(
        ErasureRow.account_id == bindparam("account_id"),
        ErasureRow.asked_at > bindparam("moment"),
        ErasureRow.by_staff.is_(False),
    )
)
# Confirmed ones have a due date, also when they were called off.
_UNPROVED = (
    _ERASURE.where(ErasureRow.due_at.is_(None), ErasureRow.asked_at < bindparam("before"))
    .limit(bindparam("how_many"))
    .with_for_update(skip_locked=True)
)
_FORGET_UNPROVED = compiled(delete(ErasureRow).where(ErasureRow.id.in_(_UNPROVED)))

_EXPORT = select(DataExportRow.id)
_EXPORTS_OF = compiled(_EXPORT.where(DataExportRow.account_id == bindparam("account_id")))
_PREPARING_OF = compiled(
    _EXPORT.where(DataExportRow.account_id == bindparam("account_id"), _PREPARING).with_for_update()
)
# Beside the unique index, which keeps them to one at a time: the last one may be ready before this one is written.
_ONE_AT_A_TIME = compiled("select pg_advisory_xact_lock(hashtextextended('privacy.export:' || :account_id, 0))")
_ASKED = compiled(
    select(DataExportRow.asked_at)
    .where(DataExportRow.account_id == bindparam("account_id"), DataExportRow.asked_at > bindparam("moment"))
    .order_by(DataExportRow.asked_at)
)
_OUTDATED = compiled(
    _EXPORT.where(_READY, DataExportRow.expires_at <= bindparam("now"))
    .order_by(DataExportRow.expires_at)
    .limit(bindparam("how_many"))
    .with_for_update(skip_locked=True)
)


class PostgresErasures(PostgresRepository[Erasure]):
    def __init__(self, tx: PostgresTx) -> None:
        super().__init__(Erasure, ErasureRow, tx, missing=ErasureNotFound)

    async def locked(self, id: UUID) -> Erasure:
        await self._tx.fetch(_LOCK, erasure_id=id)
        return await self.again(id)

    async def open_of(self, account_id: UUID) -> Erasure | None:
        rows = await self._tx.fetch(_OPEN_OF, account_id=account_id)
        return await self.again(rows[0][0]) if rows else None

    async def due(self, now: datetime, limit: int) -> list[Erasure]:
        rows = await self._tx.fetch(_DUE, now=now, how_many=limit)
        return await self.find([row[0] for row in rows])

    async def asked_since(self, account_id: UUID, moment: datetime) -> int:
        found: int = await self._tx.fetchval(_ASKED_SINCE, account_id=account_id, moment=moment)
        return found

    async def forget_unproved(self, before: datetime, limit: int) -> int:
        return await self._tx.execute(_FORGET_UNPROVED, before=before, how_many=limit)


class PostgresExports(PostgresRepository[DataExport]):
    def __init__(self, tx: PostgresTx) -> None:
        super().__init__(DataExport, DataExportRow, tx, missing=ExportNotFound)

    async def preparing(self, account_id: UUID) -> DataExport | None:
        found = await self._those(_PREPARING_OF, account_id=account_id)
        return found[0] if found else None

    async def asked_since(self, account_id: UUID, moment: datetime) -> list[datetime]:
        await self._tx.fetch(_ONE_AT_A_TIME, account_id=str(account_id))
        return [row[0] for row in await self._tx.fetch(_ASKED, account_id=account_id, moment=moment)]

    async def of_account(self, account_id: UUID) -> list[DataExport]:
        return await self._those(_EXPORTS_OF, account_id=account_id)

    async def outdated(self, now: datetime, limit: int) -> list[DataExport]:
        return await self._those(_OUTDATED, now=now, how_many=limit)

    async def _those(self, statement: Compiled, **params: object) -> list[DataExport]:
        rows = await self._tx.fetch(statement, **params)
        return await self.find([row[0] for row in rows])


class PostgresPrivacyUow(PostgresUow):
    def open(self, tx: PostgresTx) -> None:
        self.erasures = PostgresErasures(tx)
        self.exports = PostgresExports(tx)
