"""Asks the timetable every second."""

import asyncio

from loguru import logger

from merx.infra.background import Background
from merx.infra.outbox.events import Nudge
from merx.infra.outbox.jobs import Timetable
from merx.kernel.errors import Unavailable


class Scheduler(Background):
    def __init__(self, timetable: Timetable, nudge: Nudge, *, every: float = 1.0) -> None:
        self._timetable = timetable
        self._nudge = nudge
        self._every = every

    async def _run(self) -> None:
        away = False
        while True:
            try:
                if made := await self._timetable.tick():
                    self._nudge(made)
                if away:
                    logger.info("the scheduler has its database again")
                away = False
            except Unavailable as error:
                if not away:
                    logger.warning("the scheduler waits for the database: {}", error)
                away = True
            except Exception:
                logger.exception("the scheduler stumbled")
            await asyncio.sleep(self._every)
