"""What is always true of news on their way."""

from collections.abc import Iterable
from datetime import timedelta

from merx.infra.clock import utc_now
from merx.infra.invariants import RowsAre
from merx.infra.memory import MemoryStore
from merx.infra.outbox.jobs import subscriber_name
from merx.infra.outbox.memory import DELIVERIES, JOB_PAUSES
from merx.infra.outbox.postgres_deliveries import PAUSED

_LATE = timedelta(minutes=5)


def _late(store: MemoryStore) -> Iterable[object]:
    before, paused = utc_now() - _LATE, set(map(subscriber_name, store.table(JOB_PAUSES)))
    for row in store.table(DELIVERIES).values():
        if row.state == "pending" and row.run_after < before and row.subscriber not in paused:
            yield row.id


def _dead(store: MemoryStore) -> Iterable[object]:
    return (row.id for row in store.table(DELIVERIES).values() if row.state == "dead")


PROMISES = (
    RowsAre(
        name="platform.news-arrive",
        promise="No delivery that is due waits longer than five minutes; those of paused jobs may.",
        sql=f"""
            select id from platform.outbox_delivery
            where state = 'pending' and run_after < now() - interval '{_LATE.total_seconds():.0f} s'
                and subscriber <> all({PAUSED})
        """,  # noqa: S608 - fixed text
        memory=_late,
    ),
    RowsAre(
        name="platform.nothing-was-given-up",
        promise="No delivery is a dead letter.",
        sql="select id from platform.outbox_delivery where state = 'dead'",
        memory=_dead,
    ),
)
