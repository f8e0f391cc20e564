"""Proves a trail, row by row, and says at which row it was touched and how."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

import msgspec

from merx.kernel.audit_chain import AuditRow, Head
from merx.kernel.errors import Conflict
from merx.kernel.model import Value, View


class Seals(Protocol):
    """What proves that a row was made by this shop, with a key that is not in the database."""

    def fits(self, digest: bytes, seal: bytes) -> bool | None:
        """Whether the seal was made for this hash. None when it names a key that this shop does not know."""
        ...


class BrokenTrail(Conflict):
    """Somebody touched the trail. Says on which day, at which row, and how. Nothing to be tried again."""

    slug = "audit.trail-broken"
    title = "The audit trail was touched"


class FaultKind(StrEnum):
    """`edited`: the row says something else than when it was written. `removed`: a row is missing at this place.

    `inserted`: the row was not written by the shop. `reordered`: the row stands at another place than it was written
    at. `rewritten`: the row is another one than it was when its hash was kept outside of the database. `unsealed`: the
    row has no seal of a key that this shop knows.
    """

    edited = "edited"
    removed = "removed"
    inserted = "inserted"
    reordered = "reordered"
    rewritten = "rewritten"
    unsealed = "unsealed"


class Fault(View, frozen=True):
    """The first bad row. `seq` counts the rows of the whole trail from 1."""

    seq: int
    kind: FaultKind
    detail: str


class Anchor(Value, frozen=True):
    """The head of the trail as it was at a moment, kept where whoever rewrites the database does not reach.

    `hash` is hexadecimal. `sealed`: the row had a seal; an anchor of a version without seals does not say.
    """

    at: datetime
    seq: int
    hash: str
    sealed: bool = False


# While processes of a version without seals are replaced, their rows stand between those of the new version.
UNSEALED_BESIDE = timedelta(days=1)


def sealed_from(first: AuditRow | None, anchors: list[Anchor]) -> datetime | None:
    """From when on a row must have a seal: a trail that began with seals has no row without.

    `first` is the first row that has one. Whoever strips all seals from the database is contradicted by the anchors.
    """
    if first is not None and first.seq == 1:
        return first.at
    seen = [anchor.at for anchor in anchors if anchor.sealed]
    if first is not None:
        seen.append(first.at)
    return min(seen) + UNSEALED_BESIDE if seen else None


class Proof:
    """Give it each row in order; it goes on from `head`, the last row before them.

    Without `seals`, for whoever does not know the secret of the shop, the chain alone is proved. A Fault of the kind
    `inserted` may turn out to be another one: see `misplaced`; so may one of the kind `edited`: see `forged`.
    """

    def __init__(
        self, head: Head, anchors: list[Anchor], seals: Seals | None = None, sealed_from: datetime | None = None
    ) -> None:
        self.head = head
        self.rows = 0
        self.sealed = 0
        # Whether somebody who has the database alone could have made the row at the head.
        self.loose = False
        # The first word about a row counts: whoever rewrote the trail may have had it anchored anew.
        self._anchors = {anchor.seq: anchor.hash for anchor in reversed(anchors)}
        self._seals = seals
        self._sealed_from = sealed_from

    def check(self, row: AuditRow) -> Fault | None:
        """None for a row that is as it was written."""
        head = self.head
        if row.seq != head.seq + 1:
            return Fault(head.seq + 1, FaultKind.removed, f"there is no row between {head.seq} and {row.seq}")
        if row.hash != row.true_hash():
            return Fault(row.seq, FaultKind.edited, "the row does not have its hash")
        if self._seals is not None and (fault := self._unproved(row, self._seals)) is not None:
            return fault
        if row.previous != head.hash:
            return Fault(row.seq, FaultKind.inserted, "the row follows another one than the row before it")
        if row.at < head.at:
            return Fault(row.seq, FaultKind.inserted, "the row is older than the row before it")
        kept = self._anchors.get(row.seq)
        if kept is not None and kept != row.hash.hex():
            return Fault(row.seq, FaultKind.rewritten, "the row has another hash than its anchor")
        self.rows += 1
        self.loose = row.seal is None
        self.sealed += self._seals is not None and not self.loose
        self.head = Head(row.seq, row.at, row.hash, not self.loose)
        return None

    def _unproved(self, row: AuditRow, seals: Seals) -> Fault | None:
        if row.seal is None:
            late = self._sealed_from is not None and row.at >= self._sealed_from
            return Fault(row.seq, FaultKind.unsealed, "the row has no seal") if late else None
        fits = seals.fits(row.hash, row.seal)
        if fits is None:
            return Fault(row.seq, FaultKind.unsealed, "sealed under a secret that is not known any more")
        return None if fits else Fault(row.seq, FaultKind.edited, "the row does not have its seal")

    def leave_out(self, row: AuditRow) -> None:
        """It was looked at for its link alone, and is not among those that were asked for."""
        self.rows -= 1
        self.sealed -= self._seals is not None and row.seal is not None

    def forged(self, row: AuditRow, next_row: AuditRow | None) -> Fault:
        """What happened to a row whose seal does not fit: it is one that was edited, or one too many."""
        if next_row is not None and next_row.previous == self.head.hash:
            return Fault(row.seq, FaultKind.inserted, f"row {next_row.seq} was written right after row {self.head.seq}")
        return Fault(row.seq, FaultKind.edited, "the row does not have its seal")

    def misplaced(self, row: AuditRow, follows: int | None) -> Fault:
        """What happened before a row that follows the row at `follows`, None for one that is nowhere."""
        if follows is None and self.loose and row.seal is not None and self._seals is not None:
            # This row is proved by its seal, the one before it by nothing.
            return Fault(self.head.seq, FaultKind.edited, f"row {row.seq} was written after another row than this one")
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
    """`rows` were proved, up to the head (`hash` in hexadecimal); `anchors` of them have an anchor outside, `sealed` of
    them a seal that fits.
    """

    intact: bool
    rows: int
    anchors: int
    head_seq: int
    head_hash: str
    sealed: int
    fault: Fault | None = None
