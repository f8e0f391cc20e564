"""Asks the timetable every second."""

import asyncio
import contextlib

from loguru import logger

from merx.infra.outbox.events import Nudge
from merx.infra.outbox.jobs import Timetable
from merx.kernel.errors import Unavailable


class Scheduler:
    def __init__(self, timetable: Timetable, nudge: Nudge, *, every: float = 1.0) -> None:
        self._timetable = timetable
        self._nudge = nudge
        self._every = every
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

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
