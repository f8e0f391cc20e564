"""Which jobs are due, decided by the storage, so that two schedulers make one run."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from merx.infra.clock import utc_now
from merx.infra.memory import MemoryStore
from merx.infra.outbox.jobs import JobDue, Schedule, subscriber_name
from merx.infra.outbox.memory import DELIVERIES, EVENTS, JOB_RUNS, StoredDelivery, StoredEvent
from merx.infra.postgres.compiled import compiled
from merx.infra.postgres.database import Database
from merx.kernel.ids import new_id

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
        self._run = database.reader
        self._schedule = schedule

    async def tick(self) -> list[UUID]:
        jobs = self._schedule.jobs
        rows = await self._run.fetch(
            TICK,
            tag=JobDue.tag(),
            jobs=[job.name for job in jobs],
            subscribers=[subscriber_name(job.name) for job in jobs],
            periods=[job.every for job in jobs],
            delays=[job.offset for job in jobs],
            event_ids=[new_id() for _ in jobs],
            delivery_ids=[new_id() for _ in jobs],
        )
        return [row["id"] for row in rows]


class MemoryTimetable:
    def __init__(self, store: MemoryStore, schedule: Schedule, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._runs: dict[str, tuple[datetime, UUID]] = store.table(JOB_RUNS)
        self._deliveries: dict[UUID, StoredDelivery] = store.table(DELIVERIES)
        self._events: dict[UUID, StoredEvent] = store.table(EVENTS)
        self._schedule = schedule

    async def tick(self) -> list[UUID]:
        now, made = self._now(), []
        for job in self._schedule.jobs:
            start = datetime.fromtimestamp(0, UTC) + job.offset
            slot = start + (now - start) // job.every * job.every
            last = self._runs.get(job.name)
            if last is not None:
                delivery = self._deliveries.get(last[1])
                if last[0] >= slot or (delivery is not None and delivery.state == "pending"):
                    continue
            event = JobDue(at=now, job=job.name, slot=slot)
            payload = msgspec.json.encode(event).decode()
            self._events[event.id] = StoredEvent(event.id, JobDue.tag(), payload, now)
            delivery_id = new_id()
            self._deliveries[delivery_id] = StoredDelivery(
                delivery_id, event.id, subscriber_name(job.name), created_at=now, run_after=now
            )
            self._runs[job.name] = (slot, delivery_id)
            made.append(delivery_id)
        return made
