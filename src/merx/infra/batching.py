"""A data loader: lookups of one instant travel to the database together."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

from merx.kernel.errors import Unavailable

K = TypeVar("K")
V = TypeVar("V")

MAX_BATCH = 128
# Two in flight keep the database busy while the answers of the first are decoded; more only add context switches.
MAX_IN_FLIGHT = 2


class BatchLoader(Generic[K, V]):
    """Collects keys while earlier queries run; `fetch` gets each key once and returns those that exist."""

    def __init__(self, fetch: Callable[[list[K]], Awaitable[Mapping[K, V]]]) -> None:
        self._fetch = fetch
        self._waiting: dict[K, list[asyncio.Future[V | None]]] = {}
        self._running = 0
        # The event loop keeps weak references to tasks only.
        self._tasks: set[asyncio.Task[None]] = set()

    async def get(self, key: K) -> V | None:
        return await self._ask(key)

    async def get_many(self, keys: Sequence[K]) -> dict[K, V]:
        """Those that exist. Together with the lookups of others, like `get`."""
        asked = {key: self._ask(key) for key in keys}
        answers = await asyncio.gather(*asked.values())
        return {key: value for key, value in zip(asked, answers, strict=True) if value is not None}

    def _ask(self, key: K) -> asyncio.Future[V | None]:
        future: asyncio.Future[V | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(future)
        if self._running < MAX_IN_FLIGHT:
            self._running += 1
            task = asyncio.create_task(self._pump())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return future

    async def _pump(self) -> None:
        try:
            while self._waiting:
                keys = list(self._waiting)[:MAX_BATCH]
                waiters = {key: self._waiting.pop(key) for key in keys}
                try:
                    found = await self._fetch(keys)
                except BaseException as error:
                    for futures in waiters.values():
                        for future in futures:
                            if not future.done():
                                future.set_exception(error if isinstance(error, Exception) else Unavailable())
                    if not isinstance(error, Exception):
                        raise
                    continue
                for key, futures in waiters.items():
                    for future in futures:
                        if not future.done():
                            future.set_result(found.get(key))
        finally:
            self._running -= 1
