"""Erasures, exports and their files in the process."""

from datetime import datetime
from uuid import UUID

import msgspec

from merx.contexts.privacy.domain.erasure import Erasure, ErasureState
from merx.contexts.privacy.domain.errors import ErasureNotFound, ExportNotFound
from merx.contexts.privacy.domain.export import DataExport, ExportState
from merx.contexts.privacy.ports.queries import ErasureView, ExportView
from merx.infra.memory import MemoryRepository, MemoryStore, MemoryTx, MemoryUow
from merx.kernel.errors import Conflict
from merx.kernel.paging import Page, decode_id, page_of

ERASURES, EXPORTS = "privacy.erasure", "privacy.export"


class MemoryErasures(MemoryRepository[Erasure]):
    def __init__(self, tx: MemoryTx) -> None:
        super().__init__(
            ERASURES,
            tx,
            unique=((lambda erasure: erasure.account_id if erasure.is_open else None, Conflict),),
            missing=ErasureNotFound,
        )

    async def locked(self, id: UUID) -> Erasure:
        return await self.get(id)

    async def open_of(self, account_id: UUID) -> Erasure | None:
        return next((each for each in self._rows.values() if each.account_id == account_id and each.is_open), None)

    async def due(self, now: datetime, limit: int) -> list[Erasure]:
        found = [each for each in self._rows.values() if each.next_step_at is not None and each.next_step_at <= now]
        return found[:limit]

    async def asked_since(self, account_id: UUID, moment: datetime) -> int:
        own = (each for each in self._rows.values() if each.account_id == account_id and not each.by_staff)
        return sum(each.asked_at > moment for each in own)

    async def forget_unproved(self, before: datetime, limit: int) -> int:
        return self._rows.forget(lambda each: each.due_at is None and each.asked_at < before, limit)


class MemoryExports(MemoryRepository[DataExport]):
    def __init__(self, tx: MemoryTx) -> None:
        super().__init__(
            EXPORTS,
            tx,
            unique=((lambda export: export.account_id if export.state is ExportState.preparing else None, Conflict),),
            missing=ExportNotFound,
        )

    async def preparing(self, account_id: UUID) -> DataExport | None:
        own = await self.of_account(account_id)
        return next((each for each in own if each.state is ExportState.preparing), None)

    async def asked_since(self, account_id: UUID, moment: datetime) -> list[datetime]:
        return sorted(each.asked_at for each in await self.of_account(account_id) if each.asked_at > moment)

    async def of_account(self, account_id: UUID) -> list[DataExport]:
        return [each for each in self._rows.values() if each.account_id == account_id]

    async def outdated(self, now: datetime, limit: int) -> list[DataExport]:
        ready = (each for each in self._rows.values() if each.state is ExportState.ready)
        return [each for each in ready if each.expires_at is not None and each.expires_at <= now][:limit]


class MemoryPrivacyUow(MemoryUow):
    def open(self, tx: MemoryTx) -> None:
        self.erasures = MemoryErasures(tx)
        self.exports = MemoryExports(tx)


class MemoryPrivacyQueries:
    def __init__(self, store: MemoryStore) -> None:
        self._erasures: dict[UUID, Erasure] = store.table(ERASURES)
        self._exports: dict[UUID, DataExport] = store.table(EXPORTS)

    async def exports(self, account_id: UUID, after: str | None, limit: int) -> Page[ExportView]:
        last = decode_id(after)
        own = [each for each in self._exports.values() if each.account_id == account_id]
        found = sorted((each for each in own if last is None or each.id < last), key=lambda each: each.id, reverse=True)
        return page_of([msgspec.convert(each, ExportView, from_attributes=True) for each in found], limit)

    async def export(self, account_id: UUID, export_id: UUID) -> ExportView:
        found = self._exports.get(export_id)
        if found is None or found.account_id != account_id:
            raise ExportNotFound
        return msgspec.convert(found, ExportView, from_attributes=True)

    async def erasure(self, account_id: UUID) -> ErasureView:
        own = [each for each in self._erasures.values() if each.account_id == account_id]
        kept = [each for each in own if each.state is not ErasureState.cancelled]
        if not kept:
            raise ErasureNotFound
        return msgspec.convert(max(kept, key=lambda each: each.id), ErasureView, from_attributes=True)


class MemoryExportFiles:
    """Implements ExportFiles, for tests and for trying the API out."""

    def __init__(self) -> None:
        self.kept: dict[UUID, bytes] = {}

    async def write(self, export_id: UUID, content: bytes) -> None:
        self.kept[export_id] = content

    async def read(self, export_id: UUID) -> bytes | None:
        return self.kept.get(export_id)

    async def remove(self, export_id: UUID) -> None:
        self.kept.pop(export_id, None)
