"""What the trail holds of people: who did what to whom, by ids, and from which network address."""

from typing import Any

import msgspec

from merx.infra.personal_data import MemoryRows, TableData
from merx.kernel.audit_chain import AuditRow
from merx.kernel.personal_data import Subject

# A person sees what was done to them, but not which member of staff did it, and from where.
_OWN = "case when actor_id = cast(:account_id as uuid) then {} end"

TABLES = (
    TableData(
        table="audit.entry",
        owner="actor_id = cast(:account_id as uuid) or target_id = cast(cast(:account_id as uuid) as text)",
        shown={"actor_id": _OWN.format("actor_id"), "client": _OWN.format("client")},
        because="security and the duty to account for what was done (GDPR art. 6(1)(f), 5(2)): a row that could be"
        " changed would prove nothing; names, addresses and e-mails are never written there",
    ),
)


def _shown(row: AuditRow, subject: Subject) -> list[tuple[str, dict[str, Any]]]:
    values: dict[str, Any] = msgspec.to_builtins(row) | {"changes": msgspec.json.decode(row.changes)}
    if row.actor_id != subject.account_id:
        values |= {"actor_id": None, "client": None}
    return [("audit.entry", values)]


def _owns(row: AuditRow, subject: Subject) -> bool:
    return row.actor_id == subject.account_id or row.target_id == str(subject.account_id)


ROWS = (MemoryRows(table="audit.entry", owns=_owns, erase=False, shown=_shown),)
