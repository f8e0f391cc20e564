"""What a process does beside its requests."""

import asyncio
import contextlib
from abc import ABC, abstractmethod


class Background(ABC):
    """Runs from `start` until `stop`, which waits for its end. What `_run` raises comes out of `stop`."""

    _task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    @abstractmethod
    async def _run(self) -> None: ...
