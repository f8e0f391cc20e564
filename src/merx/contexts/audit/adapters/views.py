"""A row of the trail as staff reads it."""

import msgspec

from merx.contexts.audit.ports.queries import AuditView
from merx.kernel.actor import ActorKind
from merx.kernel.audit import Change
from merx.kernel.audit_chain import AuditRow

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
