"""Which jobs are due, decided by the storage, so that two schedulers make one run.

Whoever decides that a job runs holds `TURN`: a run that somebody asks for and one that is due never stand side by side.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from merx.infra.clock import utc_now
from merx.infra.memory import MemoryStore
from merx.infra.outbox.events import SubscriberRegistry
from merx.infra.outbox.jobs import JobDue, Schedule, subscriber_name
from merx.infra.outbox.memory import (
    DELIVERIES,
    EVENTS,
    JOB_PAUSES,
    JOB_RUNS,
    StoredDelivery,
    StoredEvent,
    StoredRun,
    turn_of,
)
from merx.infra.outbox.postgres import PostgresOutbox
from merx.infra.postgres import Database, PostgresUow
from merx.infra.postgres.compiled import compiled
from merx.kernel.ids import new_id

_TURN = "hashtext('platform.timetable')"
TURN = compiled(f"select pg_advisory_xact_lock({_TURN})")
_TRY_TURN = compiled(f"select pg_try_advisory_xact_lock({_TURN})")
TICK = compiled("""
    with wanted as (
        select job, subscriber, event_id, delivery_id, date_bin(every, now(), timestamptz 'epoch' + delay) as slot
        from unnest(
            cast(:jobs as text[]), cast(:subscribers as text[]), cast(:periods as interval[]),
            cast(:delays as interval[]), cast(:event_ids as uuid[]), cast(:delivery_ids as uuid[])
        ) as t (job, subscriber, every, delay, event_id, delivery_id)
    ), due as (
        select wanted.* from wanted
        left join lateral (
            select run.slot, delivery.state from platform.job_run run
            left join platform.outbox_delivery delivery on delivery.id = run.delivery_id
            where run.job = wanted.job order by run.slot desc limit 1
        ) last on true
        where (last.slot is null or last.slot < wanted.slot) and last.state is distinct from 'pending'
            and not exists (select from platform.job_pause pause where pause.job = wanted.job)
    ), run as (
        insert into platform.job_run (job, slot, delivery_id) select job, slot, delivery_id from due
        on conflict do nothing returning delivery_id
    ), event as (
        insert into platform.outbox_event (id, tag, payload, at)
        select event_id, :tag,
            jsonb_build_object('type', cast(:tag as text), 'id', event_id, 'at', now(), 'job', job, 'slot', slot), now()
        from due where delivery_id in (select delivery_id from run)
    )
    insert into platform.outbox_delivery (id, event_id, subscriber)
    select delivery_id, event_id, subscriber from due where delivery_id in (select delivery_id from run)
    returning id
""")


class PostgresTimetable:
    def __init__(self, database: Database, schedule: Schedule) -> None:
        self._database = database
        self._schedule = schedule

    async def tick(self) -> list[UUID]:
        jobs = self._schedule.jobs
        async with PostgresUow(self._database, PostgresOutbox(SubscriberRegistry())) as uow:
            # Another scheduler decides at this moment, or somebody who wants a run: then the next second will do.
            if not await uow.tx.fetchval(_TRY_TURN):
                return []
            rows = await uow.tx.fetch(
                TICK,
                tag=JobDue.tag(),
                jobs=[job.name for job in jobs],
                subscribers=[subscriber_name(job.name) for job in jobs],
                periods=[job.every for job in jobs],
                delays=[job.offset for job in jobs],
                event_ids=[new_id() for _ in jobs],
                delivery_ids=[new_id() for _ in jobs],
            )
            await uow.commit()
        return [row["id"] for row in rows]


class MemoryTimetable:
    def __init__(self, store: MemoryStore, schedule: Schedule, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._store = store
        self._runs: dict[str, StoredRun] = store.table(JOB_RUNS)
        self._pauses: dict[str, datetime] = store.table(JOB_PAUSES)
        self._deliveries: dict[UUID, StoredDelivery] = store.table(DELIVERIES)
        self._events: dict[UUID, StoredEvent] = store.table(EVENTS)
        self._schedule = schedule

    async def tick(self) -> list[UUID]:
        async with self._store.lock:
            return self._tick()

    def _tick(self) -> list[UUID]:
        now, made = self._now(), []
        for job in self._schedule.jobs:
            slot, last = job.period(now), self._runs.get(job.name)
            if job.name in self._pauses:
                continue
            if last is not None:
                delivery = self._deliveries.get(last.delivery_id)
                if last.slot >= slot or (delivery is not None and delivery.state == "pending"):
                    continue
            event, turn = turn_of(job.name, slot, now)
            self._events[event.id], self._deliveries[turn.id] = event, turn
            self._runs[job.name] = StoredRun(slot, turn.id, now)
            made.append(turn.id)
        return made
