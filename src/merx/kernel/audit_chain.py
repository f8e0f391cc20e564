"""The form in which audit rows are kept: each carries the hash of the row before it.

Nobody can change, remove, insert or move a row without breaking the chain at that place. Whoever can rewrite all rows
can make a new chain, but not the seals of its rows: their key is not in the database. What nobody can see in the rows
that are left, an end that was cut off, is what anchors outside the database are for.
"""

import hashlib
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from uuid import UUID

import msgspec

from merx.kernel.audit import AuditEntry
from merx.kernel.ids import new_id

# What the first row of a trail follows.
GENESIS = bytes(32)
_encoder = msgspec.json.Encoder(order="sorted")


class AuditRow(msgspec.Struct, frozen=True, kw_only=True):
    """`seq` counts from 1 without a gap. `changes` is JSON text: the very bytes are hashed.

    `seal` proves that the shop made `hash`. None for rows of a version that had no seals.
    """

    seq: int
    id: UUID
    at: datetime
    action: str
    actor_kind: str
    actor_id: UUID | None
    impersonator_id: UUID | None
    target: str
    target_id: str
    changes: str
    request_id: str
    client: str
    previous: bytes
    hash: bytes
    seal: bytes | None = None

    @property
    def day(self) -> date:
        """The day in UTC whose chain the row belongs to. Its first row follows the last one of the day before."""
        return self.at.astimezone(UTC).date()

    def true_hash(self) -> bytes:
        """What `hash` must be. `seq` is not in it: order is what `previous` proves."""
        told = (
            self.previous.hex(),
            self.id.hex,
            self.at.astimezone(UTC).isoformat(timespec="microseconds"),
            self.action,
            self.actor_kind,
            self.actor_id,
            self.impersonator_id,
            self.target,
            self.target_id,
            self.changes,
            self.request_id,
            self.client,
        )
        return hashlib.sha256(_encoder.encode(told)).digest()


class Head(msgspec.Struct, frozen=True):
    """The newest row: where the next one goes on. `sealed`: it has a seal."""

    seq: int = 0
    at: datetime = datetime.min.replace(tzinfo=UTC)
    hash: bytes = GENESIS
    sealed: bool = False


Seal = Callable[[bytes], bytes]
"""Makes the seal of a hash."""


def chained(entries: Iterable[AuditEntry], head: Head, now: datetime, seal: Seal | None = None) -> list[AuditRow]:
    """The rows that follow `head`. A clock that went back does not take the trail back with it."""
    rows = []
    for entry in entries:
        row = AuditRow(
            seq=head.seq + 1,
            id=new_id(),
            at=max(head.at, now),
            action=entry.action,
            actor_kind=entry.actor.kind.value,
            actor_id=entry.actor.account_id,
            impersonator_id=entry.actor.impersonator,
            target=entry.target,
            target_id=str(entry.target_id),
            changes=_encoder.encode(entry.changes).decode(),
            request_id=entry.actor.request_id,
            client=entry.actor.client,
            previous=head.hash,
            hash=b"",
        )
        digest = row.true_hash()
        row = msgspec.structs.replace(row, hash=digest, seal=seal(digest) if seal else None)
        rows.append(row)
        head = Head(row.seq, row.at, row.hash, row.seal is not None)
    return rows
