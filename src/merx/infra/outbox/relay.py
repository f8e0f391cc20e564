"""Keeps deliveries flowing: when told, and every second anyway, so that nothing depends on being told."""

import asyncio
import contextlib
from collections.abc import Sequence
from uuid import UUID

from loguru import logger

from merx.infra.outbox.deliver import Deliverer
from merx.kernel.errors import Unavailable


class Relay:
    """One per process. `wake` may be called from anywhere in the event loop and is a valid nudge."""

    def __init__(self, deliverer: Deliverer, *, every: float = 1.0) -> None:
        self._deliverer = deliverer
        self._every = every
        self._awake = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        deliverer.on_free = self._awake.set

    def wake(self, _: Sequence[UUID] = ()) -> None:
        self._awake.set()

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self, grace: float = 4.0) -> None:
        """Take nothing new, then see `Deliverer.stop`."""
        self._stopping = True
        self._awake.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=1)
            self._task.cancel()
        await self._deliverer.stop(grace)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        look_for_suspects, away = loop.time(), False
        while not self._stopping:
            self._awake.clear()
            try:
                await self._deliverer.start_due()
                if loop.time() >= look_for_suspects:
                    look_for_suspects = loop.time() + self._every
                    if await self._deliverer.run_suspect():
                        look_for_suspects = loop.time()
                        continue
            except Unavailable as error:
                if not away:
                    logger.warning("the relay waits for the database: {}", error)
                away = True
                await asyncio.sleep(self._every)
                continue
            except Exception:
                logger.exception("the relay stumbled")
                await asyncio.sleep(self._every)
                continue
            if away:
                logger.info("the relay has its database again")
            away = False
            with contextlib.suppress(TimeoutError):
                # `wait_for` of Python 3.11 may swallow a cancellation that comes with what it waits for.
                async with asyncio.timeout(self._every):
                    await self._awake.wait()
