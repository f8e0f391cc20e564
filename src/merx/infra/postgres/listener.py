"""Hears which tags writers changed and passes them to the caches of this process."""

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Any, Protocol

from loguru import logger

from merx.infra.background import Background
from merx.infra.postgres.database import Database
from merx.infra.postgres.uow import CACHE_CHANNEL

_PING_SECONDS = 5.0
_RETRY_SECONDS = 0.5


class Remembers(Protocol):
    """Something of this process that must not remember what a writer has changed."""

    def invalidate(self, tags: Iterable[str]) -> None: ...

    def suspend(self) -> None:
        """Nobody tells of changes any more: remember nothing until `resume`."""
        ...

    def resume(self) -> None: ...


class CacheListener(Background):
    """Keeps one LISTEN connection. While it is away caches serve nothing: stale is worse than slow."""

    def __init__(self, database: Database, *caches: Remembers) -> None:
        self._database = database
        self._caches = caches
        self._said = ""

    def start(self) -> None:
        self._suspend()
        super().start()

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except Exception as error:
                # Whatever it is, it may pass; it is said once.
                kind = type(error).__name__
                if kind != self._said:
                    logger.warning(
                        "no connection to the database ({}); it is tried again and again, and nothing is kept in caches"
                        " meanwhile. Does MERX_DATABASE_URL name a server that runs?",
                        kind,
                    )
                self._said = kind
            finally:
                self._suspend()
            await asyncio.sleep(_RETRY_SECONDS)

    async def _listen(self) -> None:
        connection = await self._database.connect()
        gone = asyncio.Event()
        try:
            connection.add_termination_listener(lambda *_: gone.set())
            await connection.add_listener(CACHE_CHANNEL, self._hear)
            for cache in self._caches:
                cache.resume()
            self._said = ""
            while not gone.is_set():
                with contextlib.suppress(TimeoutError):
                    # `wait_for` of Python 3.11 may swallow a cancellation that comes with what it waits for.
                    async with asyncio.timeout(_PING_SECONDS):
                        await gone.wait()
                if not gone.is_set():
                    await connection.execute("select 1", timeout=2)
        finally:
            connection.terminate()

    def _hear(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        tags = str(payload).split()
        for cache in self._caches:
            cache.invalidate(tags)

    def _suspend(self) -> None:
        for cache in self._caches:
            cache.suspend()
