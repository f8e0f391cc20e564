"""The trail in memory. Units of work run one at a time, so the end of the chain needs no lock."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from merx.infra.audit.seals import TrailSeals
from merx.infra.clock import utc_now
from merx.kernel.audit import AuditEntry
from merx.kernel.audit_chain import AuditRow, Head, chained

ENTRIES = "audit.entry"
_HEAD = "audit.head"


class MemoryTrail:
    """`seals` is asked for at the first row; without it rows are chained and not sealed."""

    def __init__(self, now: Callable[[], datetime] = utc_now, seals: Callable[[], TrailSeals] | None = None) -> None:
        self._now = now
        self._seals = seals

    # Any: MemoryTx, whose module takes its default trail from here.
    def write(self, tx: Any, entries: Sequence[AuditEntry]) -> None:
        heads, rows = tx.table(_HEAD), tx.table(ENTRIES)
        last: AuditRow | None = heads.get(0)
        head = Head() if last is None else Head(last.seq, last.at, last.hash)
        for row in chained(entries, head, self._now(), self._seals().seal if self._seals else None):
            rows.put(row.seq, row)
            heads.put(0, row)
