"""Hears which tags writers changed and passes them to the byte cache of this process."""

import asyncio
import contextlib
from typing import Any

from loguru import logger

from merx.infra.background import Background
from merx.infra.cache import ByteCache
from merx.infra.postgres.database import Database
from merx.infra.postgres.uow import CACHE_CHANNEL

_PING_SECONDS = 5.0
_RETRY_SECONDS = 0.5


class CacheListener(Background):
    """Keeps one LISTEN connection. While it is away the cache serves nothing: stale is worse than slow."""

    def __init__(self, database: Database, cache: ByteCache) -> None:
        self._database = database
        self._cache = cache
        self._said = ""

    def start(self) -> None:
        self._cache.suspend()
        super().start()

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except Exception as error:
                # Whatever it is, it may pass; it is said once.
                kind = type(error).__name__
                if kind != self._said:
                    logger.warning("cache listener lost its connection", kind=kind)
                self._said = kind
            finally:
                self._cache.suspend()
            await asyncio.sleep(_RETRY_SECONDS)

    async def _listen(self) -> None:
        connection = await self._database.connect()
        gone = asyncio.Event()
        try:
            connection.add_termination_listener(lambda *_: gone.set())
            await connection.add_listener(CACHE_CHANNEL, self._hear)
            self._cache.resume()
            self._said = ""
            while not gone.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(gone.wait(), _PING_SECONDS)
                if not gone.is_set():
                    await connection.execute("select 1", timeout=2)
        finally:
            connection.terminate()

    def _hear(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        self._cache.invalidate(str(payload).split())
