"""The audit trail on PostgreSQL: rows enter with the transaction that made them true."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

import asyncpg

from merx.infra.audit.seals import TrailSeals
from merx.infra.postgres.compiled import Compiled, compiled
from merx.kernel.audit import AuditEntry
from merx.kernel.audit_chain import Head, chained

# Waits until this transaction is the one that may append, and stays so until its end.
HEAD = compiled("select seq, at, hash, present from audit.lock_head()")
APPEND = compiled(
    """
    insert into audit.entry (seq, id, at, action, actor_kind, actor_id, impersonator_id, target, target_id, changes,
                             request_id, client, previous, hash, seal)
    select e.seq, e.id, e.at, e.action, e.actor_kind, e.actor_id, e.impersonator_id, e.target, e.target_id,
           cast(e.changes as json), e.request_id, e.client, e.previous, e.hash, e.seal
      from unnest(cast(:seqs as bigint[]), cast(:ids as uuid[]), cast(:ats as timestamptz[]), cast(:actions as text[]),
                  cast(:actor_kinds as text[]), cast(:actor_ids as uuid[]), cast(:impersonator_ids as uuid[]),
                  cast(:targets as text[]), cast(:target_ids as text[]), cast(:changes as text[]),
                  cast(:request_ids as text[]), cast(:clients as text[]), cast(:previous as bytea[]),
                  cast(:hashes as bytea[]), cast(:seals as bytea[]))
           as e(seq, id, at, action, actor_kind, actor_id, impersonator_id, target, target_id, changes, request_id,
                client, previous, hash, seal)
    """
)


class Statements(Protocol):
    """Of an open transaction."""

    async def fetchrow(self, statement: Compiled, **params: Any) -> asyncpg.Record | None: ...

    async def execute(self, statement: Compiled, **params: Any) -> int: ...


class PostgresTrail:
    """`now` stands in for the clock of the database. `seals` is asked for at the first row; without it rows are chained
    and not sealed.
    """

    def __init__(
        self, now: Callable[[], datetime] | None = None, seals: Callable[[], TrailSeals] | None = None
    ) -> None:
        self._now = now
        self._seals = seals

    async def write(self, tx: Statements, entries: Sequence[AuditEntry]) -> None:
        """The last statement before the commit: whoever waits for the end of the chain holds no lock that it needs."""
        found = await tx.fetchrow(HEAD)
        assert found is not None
        head = Head() if found[0] is None else Head(found[0], found[1], found[2])
        rows = chained(
            entries, head, self._now() if self._now else found[3], self._seals().seal if self._seals else None
        )
        await tx.execute(
            APPEND,
            seqs=[row.seq for row in rows],
            ids=[row.id for row in rows],
            ats=[row.at for row in rows],
            actions=[row.action for row in rows],
            actor_kinds=[row.actor_kind for row in rows],
            actor_ids=[row.actor_id for row in rows],
            impersonator_ids=[row.impersonator_id for row in rows],
            targets=[row.target for row in rows],
            target_ids=[row.target_id for row in rows],
            changes=[row.changes for row in rows],
            request_ids=[row.request_id for row in rows],
            clients=[row.client for row in rows],
            previous=[row.previous for row in rows],
            hashes=[row.hash for row in rows],
            seals=[row.seal for row in rows],
        )
