"""The queue on PostgreSQL. Each method is one statement; SKIP LOCKED keeps deliverers out of each other's way."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from merx.infra.outbox.deliveries import (
    ENDED,
    LEASE,
    MAX_FAILURES,
    DeadLetter,
    Leased,
    QueueState,
    ReadLetter,
    floor_id,
)
from merx.infra.outbox.jobs import JOB_PREFIX
from merx.infra.postgres.compiled import Compiled, compiled
from merx.infra.postgres.database import Database
from merx.infra.postgres.uow import PostgresTx
from merx.kernel.ids import new_id

# Of paused jobs nothing begins, not even another attempt. The list is nearly always empty, and read once a statement.
PAUSED = f"array(select '{JOB_PREFIX}' || job from platform.job_pause)"  # noqa: S608 - fixed text
_OPEN = f"state = 'pending' and run_after <= now() and subscriber <> all({PAUSED})"


def _leasing(condition: str, change: str) -> Compiled:
    return compiled(f"""
        with due as materialized (
            select id from platform.outbox_delivery where {condition}
            order by run_after limit :limit for update skip locked
        ), leased as (
            update platform.outbox_delivery d
            set {change}, attempts = d.attempts + 1, lease_token = :token,
                lease_until = now() + cast(:lease as interval)
            from due where d.id = due.id
            returning d.id, d.lease_token, d.event_id, d.subscriber, d.attempts, d.failures
        )
        select leased.*, event.tag, event.payload from leased
        left join platform.outbox_event event on event.id = leased.event_id
    """)  # noqa: S608 - fixed text


_SUSPECT = f"state = 'pending' and lease_token is not null and lease_until < now() and subscriber <> all({PAUSED})"
_HELD = "id = :id and lease_token = :token and state = 'pending'"

LEASE_DUE = _leasing(f"{_OPEN} and lease_token is null", "failures = d.failures")
LEASE_THESE = _leasing(f"id = any(cast(:ids as uuid[])) and {_OPEN} and lease_token is null", "failures = d.failures")
LEASE_SUSPECT = _leasing(_SUSPECT, "failures = d.failures + 1")
# Leases are taken from the oldest, so a bounded look at those finds suspects however long the queue is.
SUSPECTS = compiled(f"""
    select exists (
        select from (
            select lease_token, lease_until from platform.outbox_delivery
            where {_OPEN} order by run_after limit 1000
        ) oldest where lease_token is not null and lease_until < now()
    )
""")  # noqa: S608 - fixed text
BURY_SUSPECTS = compiled(f"""
    update platform.outbox_delivery
    set state = 'dead', failures = failures + 1, last_error = :error, lease_token = null, lease_until = null
    where id in (
        select id from platform.outbox_delivery where {_SUSPECT} and failures + 1 >= :most for update skip locked
    )
""")  # noqa: S608 - fixed text
# Skips rows that their own running transaction has locked; to wait for them would be to wait for the handler.
RENEW = compiled("""
    update platform.outbox_delivery d set lease_until = now() + cast(:lease as interval)
    from (
        select id from platform.outbox_delivery
        join unnest(cast(:ids as uuid[]), cast(:tokens as uuid[])) as held (held_id, token)
            on id = held_id and lease_token = token
        where state = 'pending' for update of outbox_delivery skip locked
    ) held where d.id = held.id
""")
DONE = compiled(f"""
    update platform.outbox_delivery set state = 'done', done_at = now(), lease_token = null, lease_until = null
    where {_HELD}
""")  # noqa: S608 - fixed text
FAIL = compiled(f"""
    update platform.outbox_delivery
    set state = :state, run_after = now() + cast(:delay as interval), failures = failures + cast(:failed as integer),
        last_error = :error, lease_token = null, lease_until = null
    where {_HELD}
""")  # noqa: S608 - fixed text
RELEASE = compiled("""
    update platform.outbox_delivery d set attempts = attempts - 1, lease_token = null, lease_until = null
    from unnest(cast(:ids as uuid[]), cast(:tokens as uuid[])) as held (id, token)
    where d.id = held.id and d.lease_token = held.token and d.state = 'pending'
""")
_LETTER = """
    select d.id, d.event_id, d.subscriber, coalesce(e.tag, '') as tag, d.attempts, d.failures,
        coalesce(d.last_error, '') as error, d.created_at{more}
    from platform.outbox_delivery d left join platform.outbox_event e on e.id = d.event_id
    where d.state = 'dead' and {condition}
"""
DEAD = compiled(
    _LETTER.format(
        more="",
        condition="(cast(:subscriber as text) is null or d.subscriber = :subscriber)"
        " and (cast(:after as uuid) is null or d.id > :after) order by d.id limit :limit",
    )
)
LETTER = compiled(_LETTER.format(more=", e.at, e.payload", condition="d.id = :id"))
PRUNE_DELIVERIES = compiled("""
    delete from platform.outbox_delivery where id in (
        select id from platform.outbox_delivery where id < :floor and state = 'done' limit :limit
    )
""")
PRUNE_EVENTS = compiled("""
    delete from platform.outbox_event where id in (
        select id from platform.outbox_event where id < :floor
            and id not in (select event_id from platform.outbox_delivery where state <> 'done')
        limit :limit
    )
""")
PRUNE_JOB_RUNS = compiled("""
    delete from platform.job_run old where created_at < now() - cast(:age as interval)
        and exists (select from platform.job_run newer where newer.job = old.job and newer.slot > old.slot)
""")
STATE = compiled(f"""
    select count(*) filter (where state = 'pending') as pending, count(*) filter (where state = 'dead') as dead,
        coalesce(extract(epoch from now() - min(run_after) filter (
            where {_OPEN} and lease_token is null
        )), 0) as oldest
    from platform.outbox_delivery where state <> 'done'
""")  # noqa: S608 - fixed text
_PRUNE_BATCH = 5_000


class PostgresDeliveries:
    def __init__(self, database: Database, lease: timedelta = LEASE) -> None:
        self._run = database.reader
        self._lease = lease

    async def lease(self, limit: int, ids: Sequence[UUID] | None = None) -> list[Leased]:
        if ids is None:
            return await self._leased(LEASE_DUE, limit=limit)
        return await self._leased(LEASE_THESE, limit=limit, ids=list(ids))

    async def _leased(self, statement: Compiled, **params: Any) -> list[Leased]:
        rows = await self._run.fetch(statement, token=new_id(), lease=self._lease, **params)
        return [Leased(*row) for row in rows]

    async def suspects(self) -> bool:
        if not await self._run.fetchval(SUSPECTS):
            return False
        await self._run.fetch(BURY_SUSPECTS, error=ENDED, most=MAX_FAILURES)
        return bool(await self._run.fetchval(SUSPECTS))

    async def lease_suspect(self) -> Leased | None:
        leased = await self._leased(LEASE_SUSPECT, limit=1)
        return leased[0] if leased else None

    async def renew(self, leases: Sequence[Leased]) -> None:
        await self._run.fetch(RENEW, lease=self._lease, **_columns(leases))

    async def claim(self, tx: PostgresTx, lease: Leased) -> bool:
        return await tx.execute(DONE, id=lease.id, token=lease.token) == 1

    async def done(self, lease: Leased) -> bool:
        return await self._run.execute(DONE, id=lease.id, token=lease.token) == 1

    async def fail(self, lease: Leased, error: str, retry_in: timedelta | None, *, counts: bool) -> None:
        await self._run.fetch(
            FAIL,
            id=lease.id,
            token=lease.token,
            state="dead" if retry_in is None else "pending",
            delay=retry_in or timedelta(0),
            failed=int(counts),
            error=error.replace("\0", ""),
        )

    async def release(self, leases: Sequence[Leased]) -> None:
        await self._run.fetch(RELEASE, **_columns(leases))

    async def dead(
        self, subscriber: str | None = None, limit: int = 100, after: UUID | None = None
    ) -> list[DeadLetter]:
        rows = await self._run.fetch(DEAD, subscriber=subscriber, limit=limit, after=after)
        return [DeadLetter(*row) for row in rows]

    async def letter(self, id: UUID) -> ReadLetter | None:
        row = await self._run.fetchrow(LETTER, id=id)
        if row is None:
            return None
        *told, happened_at, payload = row
        return ReadLetter(DeadLetter(*told), happened_at, payload)

    async def prune(self, older_than: timedelta) -> int:
        floor, removed = floor_id(older_than), 0
        for statement in (PRUNE_DELIVERIES, PRUNE_EVENTS):
            # In batches: one huge DELETE would hold its locks and its snapshot for minutes.
            while count := await self._run.execute(statement, floor=floor, limit=_PRUNE_BATCH):
                removed += count
        await self._run.execute(PRUNE_JOB_RUNS, age=older_than)
        return removed

    async def state(self) -> QueueState:
        row = await self._run.fetchrow(STATE)
        assert row is not None
        return QueueState(row["pending"], row["dead"], float(row["oldest"]))


def _columns(leases: Sequence[Leased]) -> dict[str, list[UUID]]:
    return {"ids": [lease.id for lease in leases], "tokens": [lease.token for lease in leases]}
