"""A row of the trail as staff reads it."""

from collections.abc import Sequence

import msgspec

from merx.contexts.audit.ports.queries import AuditView
from merx.kernel.actor import ActorKind
from merx.kernel.audit import Change
from merx.kernel.audit_chain import AuditRow
from merx.kernel.paging import Page, page_of

# Letters of the changes of all rows of a page: a large product that was made anew has a million of them.
LONGEST_PAGE = 2_000_000
_changes = msgspec.json.Decoder(dict[str, Change])


def view_of(row: AuditRow) -> AuditView:
    return AuditView(
        row.seq,
        row.id,
        row.at,
        row.action,
        ActorKind(row.actor_kind),
        row.actor_id,
        row.impersonator_id,
        row.target,
        row.target_id,
        _changes.decode(row.changes),
        row.request_id,
        row.client,
        row.hash.hex(),
    )


def page_of_rows(rows: Sequence[AuditRow], limit: int) -> Page[AuditView]:
    """A page of rows that are long has fewer of them, at least one."""
    size = 0
    for place, row in enumerate(rows[:limit]):
        size += len(row.changes)
        if size > LONGEST_PAGE and place:
            limit = place
            break
    return page_of([view_of(row) for row in rows[: limit + 1]], limit, lambda entry: entry.seq)
