"""What is read of the trail."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

import msgspec

from merx.kernel.actor import ActorKind
from merx.kernel.audit import Change
from merx.kernel.audit_chain import AuditRow, Head
from merx.kernel.model import View
from merx.kernel.paging import InvalidCursor, Page, decode_cursor


class AuditView(View, frozen=True):
    """`actor_id` is an account, or the key when `actor_kind` is `api_key`. `hash` is hexadecimal."""

    seq: int
    id: UUID
    at: datetime
    action: str
    actor_kind: ActorKind
    actor_id: UUID | None
    impersonator_id: UUID | None
    target: str
    target_id: str
    changes: dict[str, Change]
    request_id: str
    client: str
    hash: str


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """None does not narrow. `actor_id` finds what somebody did in the place of another one too.

    `action` without a point is a whole context. `since` is inside, `until` is not.
    """

    actor_id: UUID | None = None
    action: str | None = None
    target: str | None = None
    target_id: str | None = None
    request_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int
    after: str | None = None


class AuditQueries(Protocol):
    async def page(self, wanted: AuditFilter) -> Page[AuditView]:
        """Newest first."""
        ...

    async def rows(self, after: int, limit: int) -> Sequence[AuditRow]:
        """In order, from the first one beyond seq `after`."""
        ...

    async def head(self) -> Head:
        """The end of the whole trail; a Head of seq 0 when it is empty."""
        ...

    async def head_before(self, day: date) -> Head:
        """The last row before that day in UTC."""
        ...

    async def first_sealed(self) -> AuditRow | None:
        """The first row with a seal."""
        ...

    async def place_of(self, digest: bytes) -> int | None:
        """At which seq the row stands whose hash this is."""
        ...


def seq_in(cursor: str | None) -> int | None:
    """The row that a page goes on from; None for the first page. Raises InvalidCursor."""
    if cursor is None:
        return None
    (seq,) = decode_cursor(cursor, 1)
    if not isinstance(seq, int):
        raise InvalidCursor("the cursor belongs to another list")
    return seq
