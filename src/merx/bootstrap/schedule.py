"""All periodic jobs of the application. Workers must know them to run them, the scheduler to time them."""

from merx.bootstrap.container import App
from merx.infra.housekeeping import housekeeping
from merx.infra.idempotency.memory import MemoryIdempotency
from merx.infra.idempotency.postgres import PostgresIdempotency
from merx.infra.idempotency.store import IdempotencyStore
from merx.infra.outbox.jobs import Schedule, Timetable
from merx.infra.outbox.timetables import MemoryTimetable, PostgresTimetable


def schedule_of(app: App) -> Schedule:
    """The jobs, made known to the application's registry. Call once for an application."""
    keys: IdempotencyStore
    keys = MemoryIdempotency(app.infra.store()) if app.in_memory else PostgresIdempotency(app.database)
    schedule = Schedule()
    schedule.add(*app.schedule, *housekeeping(app.infra.deliveries(), keys))
    app.registry.add(*schedule.subscribers())
    return schedule


def timetable_of(app: App, schedule: Schedule) -> Timetable:
    if app.in_memory:
        return MemoryTimetable(app.infra.store(), schedule)
    return PostgresTimetable(app.database, schedule)
