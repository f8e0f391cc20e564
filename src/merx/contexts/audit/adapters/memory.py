"""The trail in the process."""

from collections.abc import Iterable, Sequence
from datetime import date

from merx.contexts.audit.adapters.views import page_of_rows
from merx.contexts.audit.domain.proof import Anchor
from merx.contexts.audit.ports.queries import AuditFilter, AuditView, seq_in
from merx.infra.audit.memory import ENTRIES
from merx.infra.memory import MemoryStore
from merx.kernel.audit_chain import AuditRow, Head
from merx.kernel.paging import Page


class MemoryAuditQueries:
    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def page(self, wanted: AuditFilter) -> Page[AuditView]:
        below = seq_in(wanted.after)
        found = [row for row in reversed(self._rows()) if (below is None or row.seq < below) and _fits(row, wanted)]
        return page_of_rows(found, wanted.limit)

    async def rows(self, after: int, limit: int) -> Sequence[AuditRow]:
        return [row for row in self._rows() if row.seq > after][:limit]

    async def head(self) -> Head:
        return _last(self._rows())

    async def head_before(self, day: date) -> Head:
        return _last(row for row in self._rows() if row.day < day)

    async def first_sealed(self) -> AuditRow | None:
        return next((row for row in self._rows() if row.seal is not None), None)

    async def place_of(self, digest: bytes) -> int | None:
        return next((row.seq for row in self._rows() if row.hash == digest), None)

    def _rows(self) -> list[AuditRow]:
        return sorted(self._store.table(ENTRIES).values(), key=lambda row: row.seq)


class MemoryAnchors:
    def __init__(self) -> None:
        self._kept: list[Anchor] = []

    async def keep(self, anchor: Anchor) -> None:
        self._kept.append(anchor)

    async def all(self) -> list[Anchor]:
        return list(self._kept)


def _last(rows: Iterable[AuditRow]) -> Head:
    head = Head()
    for row in rows:
        head = Head(row.seq, row.at, row.hash, row.seal is not None)
    return head


def _fits(row: AuditRow, wanted: AuditFilter) -> bool:
    action = wanted.action
    return (
        (wanted.actor_id is None or wanted.actor_id in (row.actor_id, row.impersonator_id))
        and (action is None or row.action == action or row.action.startswith(f"{action}."))
        and wanted.target in (None, row.target)
        and wanted.target_id in (None, row.target_id)
        and wanted.request_id in (None, row.request_id)
        and (wanted.since is None or row.at >= wanted.since)
        and (wanted.until is None or row.at < wanted.until)
    )
