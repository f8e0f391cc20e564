"""All periodic jobs of the application. Workers must know them to run them, the scheduler to time them."""

from merx.bootstrap.container import App
from merx.infra.outbox.jobs import Schedule, Timetable
from merx.infra.outbox.timetables import MemoryTimetable, PostgresTimetable


def schedule_of(app: App) -> Schedule:
    """The jobs, made known to the application's registry. Call once for an application."""
    schedule = Schedule()
    schedule.add(*app.jobs)
    app.registry.add(*schedule.subscribers())
    return schedule


def timetable_of(app: App, schedule: Schedule) -> Timetable:
    if app.in_memory:
        return MemoryTimetable(app.infra.store(), schedule)
    return PostgresTimetable(app.database, schedule)
