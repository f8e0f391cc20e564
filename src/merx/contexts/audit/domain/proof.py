"""Proves a trail, row by row, and says at which row it was touched and how."""

from datetime import datetime
from enum import StrEnum

import msgspec

from merx.kernel.audit_chain import AuditRow, Head
from merx.kernel.model import Value, View


class FaultKind(StrEnum):
    """`edited`: the row says something else than when it was written. `removed`: a row is missing at this place.

    `inserted`: the row was not written by the shop. `reordered`: the row stands at another place than it was written
    at. `rewritten`: the row is another one than it was when its hash was kept outside of the database.
    """

    edited = "edited"
    removed = "removed"
    inserted = "inserted"
    reordered = "reordered"
    rewritten = "rewritten"


class Fault(View, frozen=True):
    """The first bad row. `seq` counts the rows of the whole trail from 1."""

    seq: int
    kind: FaultKind
    detail: str


class Anchor(Value, frozen=True):
    """The head of the trail as it was at a moment, kept where whoever rewrites the database does not reach.

    `hash` is hexadecimal.
    """

    at: datetime
    seq: int
    hash: str


class Proof:
    """Give it each row in order; it goes on from `head`, the last row before them.

    `misfit` is set when a row follows another one than it should; the caller finds out where that one is now and asks
    `misplaced`.
    """

    def __init__(self, head: Head, anchors: list[Anchor]) -> None:
        self.head = head
        self.rows = 0
        self._anchors = {anchor.seq: anchor.hash for anchor in anchors}

    def check(self, row: AuditRow) -> Fault | None:
        """None for a row that is as it was written. A Fault of the kind `inserted` may turn out to be another one:
        see `misplaced`.
        """
        head = self.head
        if row.seq != head.seq + 1:
            return Fault(head.seq + 1, FaultKind.removed, f"there is no row between {head.seq} and {row.seq}")
        if row.hash != row.true_hash():
            return Fault(row.seq, FaultKind.edited, "the row does not have its hash")
        if row.previous != head.hash:
            return Fault(row.seq, FaultKind.inserted, "the row follows another one than the row before it")
        if row.at < head.at:
            return Fault(row.seq, FaultKind.inserted, "the row is older than the row before it")
        kept = self._anchors.get(row.seq)
        if kept is not None and kept != row.hash.hex():
            return Fault(row.seq, FaultKind.rewritten, "the row has another hash than its anchor")
        self.rows += 1
        self.head = Head(row.seq, row.at, row.hash)
        return None

    def misplaced(self, row: AuditRow, follows: int | None) -> Fault:
        """What happened before a row that follows the row at `follows`, None for one that is nowhere."""
        if follows is None:
            return Fault(row.seq, FaultKind.removed, "the row that stood before this one is gone or was written anew")
        if follows < self.head.seq:
            return Fault(follows + 1, FaultKind.inserted, f"row {row.seq} was written right after row {follows}")
        return Fault(row.seq, FaultKind.reordered, f"the row was written right after row {follows}")

    def ended(self) -> Fault | None:
        """After the last row of the whole trail: whether its end was cut off."""
        beyond = min((seq for seq in self._anchors if seq > self.head.seq), default=None)
        if beyond is None:
            return None
        return Fault(self.head.seq + 1, FaultKind.removed, f"the trail had {beyond} rows when it was anchored")


class Verdict(msgspec.Struct, frozen=True):
    """`rows` were proved, up to the head (`hash` in hexadecimal); `anchors` of them have an anchor outside."""

    intact: bool
    rows: int
    anchors: int
    head_seq: int
    head_hash: str
    fault: Fault | None = None
