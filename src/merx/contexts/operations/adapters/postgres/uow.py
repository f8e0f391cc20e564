"""Jobs and dead letters in one transaction on PostgreSQL."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from merx.contexts.operations.adapters.periods import named
from merx.contexts.operations.domain.errors import JobIsPaused, JobRuns
from merx.infra.outbox.events import OutboxWriter
from merx.infra.outbox.jobs import JOB_PREFIX, Job, JobDue, subscriber_name
from merx.infra.outbox.timetables import TURN
from merx.infra.postgres import Database, PostgresTx, PostgresUow, compiled
from merx.kernel.ids import new_id

_PAUSE = compiled("insert into platform.job_pause (job, paused_at) values (:job, :at) on conflict do nothing")
_RESUME = compiled("delete from platform.job_pause where job = :job")
# Who pauses the job in this very moment may not be seen: then the run waits until the job is resumed.
_PAUSED = compiled("select exists (select from platform.job_pause where job = :job)")
_RUNS = compiled("""
    select exists (
        select from platform.job_run run join platform.outbox_delivery delivery on delivery.id = run.delivery_id
        where run.job = :job and delivery.state = 'pending'
    )
""")
# The run counts from the moment of the statement, which is later than every run that was decided before.
_RUN = compiled("""
    with asked as (
        select clock_timestamp() as moment,
            date_bin(cast(:every as interval), now(), timestamptz 'epoch' + cast(:delay as interval)) as slot
    ), run as (
        insert into platform.job_run (job, slot, delivery_id) select :job, moment, :delivery_id from asked
    ), event as (
        insert into platform.outbox_event (id, tag, payload, at)
        select :event_id, :tag,
            jsonb_build_object(
                'type', cast(:tag as text), 'id', cast(:event_id as uuid), 'at', moment, 'job', cast(:job as text),
                'slot', slot
            ), moment
        from asked
    )
    insert into platform.outbox_delivery (id, event_id, subscriber) values (:delivery_id, :event_id, :subscriber)
""")
# Of a job the latest one, and only where no run waits or works: two at once would do the same things twice.
_RETRY = compiled("""
    with asked as (
        select id, subscriber from platform.outbox_delivery
        where state = 'dead' and (cast(:subscriber as text) is null or subscriber = :subscriber)
            and (cast(:ids as uuid[]) is null or id = any(:ids))
    )
    update platform.outbox_delivery
    set state = 'pending', run_after = now(), attempts = 0, failures = 0, lease_token = null, lease_until = null
    where state = 'dead' and id in (
        select id from asked where not starts_with(subscriber, :of_jobs)
        union all
        (select distinct on (subscriber) id from asked
          where starts_with(subscriber, :of_jobs) and not exists (
              select from platform.outbox_delivery run where run.subscriber = asked.subscriber and run.state = 'pending'
          ) order by subscriber, id desc)
    )
    returning id
""")
_IS_DEAD = compiled("select exists (select from platform.outbox_delivery where id = :id and state = 'dead')")


class PostgresJobBook:
    def __init__(self, tx: PostgresTx, jobs: Callable[[], Sequence[Job]]) -> None:
        self._tx = tx
        self._jobs = jobs

    async def pause(self, name: str, now: datetime) -> bool:
        return await self._tx.execute(_PAUSE, job=named(self._jobs(), name).name, at=now) == 1

    async def resume(self, name: str) -> bool:
        return await self._tx.execute(_RESUME, job=named(self._jobs(), name).name) == 1

    async def run(self, name: str) -> None:
        job = named(self._jobs(), name)
        await self._tx.execute(TURN)
        if await self._tx.fetchval(_PAUSED, job=name):
            raise JobIsPaused("resume it first")
        if await self._tx.fetchval(_RUNS, job=name):
            raise JobRuns("wait until the present run has ended")
        await self._tx.execute(
            _RUN,
            job=name,
            every=job.every,
            delay=job.offset,
            tag=JobDue.tag(),
            event_id=new_id(),
            delivery_id=new_id(),
            subscriber=subscriber_name(name),
        )


class PostgresDeadLetters:
    def __init__(self, tx: PostgresTx) -> None:
        self._tx = tx

    async def retry(self, subscriber: str | None, ids: Sequence[UUID] | None) -> list[UUID]:
        await self._tx.execute(TURN)
        asked = None if ids is None else list(ids)
        rows = await self._tx.fetch(_RETRY, subscriber=subscriber, ids=asked, of_jobs=JOB_PREFIX)
        return [row["id"] for row in rows]

    async def is_dead(self, letter_id: UUID) -> bool:
        return bool(await self._tx.fetchval(_IS_DEAD, id=letter_id))


class PostgresOperationsUow(PostgresUow):
    def __init__(self, database: Database, outbox: OutboxWriter, jobs: Callable[[], Sequence[Job]]) -> None:
        super().__init__(database, outbox)
        self._jobs = jobs

    def open(self, tx: PostgresTx) -> None:
        self.jobs = PostgresJobBook(tx, self._jobs)
        self.dead_letters = PostgresDeadLetters(tx)
