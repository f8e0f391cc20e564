"""The scheduler process: decides that a job is due. PostgreSQL sees to it that two of them make one run."""

from loguru import logger

from merx.bootstrap.signals import stop_event
from merx.infra.outbox.jobs import Timetable
from merx.infra.outbox.scheduler import Scheduler
from merx.infra.redis import redis_client
from merx.infra.settings import Settings
from merx.infra.tasks.nudge import QueueNudge


async def keep_time(timetable: Timetable, settings: Settings) -> None:
    """Until SIGTERM."""
    stopping = stop_event()
    client = redis_client(settings)
    nudge = QueueNudge(client)
    scheduler = Scheduler(timetable, nudge)
    scheduler.start()
    logger.info("scheduler is ready")
    await stopping.wait()
    logger.info("scheduler stops")
    await scheduler.stop()
    await nudge.close()
    await client.aclose()
