"""Reads outside any transaction, on connections of their own."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from merx.infra.postgres.compiled import Compiled
from merx.infra.postgres.failures import LOST, unavailable
from merx.kernel.errors import Unavailable

# The server closed an idle connection before the statement reached it.
_CLOSED = (
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.AdminShutdownError,
    asyncpg.InternalClientError,
    ConnectionResetError,
    BrokenPipeError,
)
_CLOSING_SECONDS = 2.0


class Reader:
    """Runs compiled statements. Raises Unavailable when the database is away or no connection is free in time.

    One that finds its connection closed by the server is run once more on a fresh one: reads may be repeated.

    Connections are kept in a plain stack: asyncpg's pool makes a task and a timer for each use, which costs a cheap
    read a tenth of its time. Reads leave no session state behind, so there is nothing to reset between two uses.
    """

    def __init__(self, connect: Callable[[], Awaitable[asyncpg.Connection]], size: int, wait: float) -> None:
        self._connect = connect
        self._wait = wait
        self._places = asyncio.Semaphore(size)
        self._idle: list[asyncpg.Connection] = []
        self._open: set[asyncpg.Connection] = set()
        # The event loop keeps weak references to tasks only.
        self._closing: set[asyncio.Task[None]] = set()

    async def fetch(self, statement: Compiled, **params: Any) -> list[asyncpg.Record]:
        rows: list[asyncpg.Record] = await self._run("fetch", statement.sql, statement.arguments(params))
        return rows

    async def fetchrow(self, statement: Compiled, **params: Any) -> asyncpg.Record | None:
        row: asyncpg.Record | None = await self._run("fetchrow", statement.sql, statement.arguments(params))
        return row

    async def fetchval(self, statement: Compiled, **params: Any) -> Any:
        return await self._run("fetchval", statement.sql, statement.arguments(params))

    async def execute(self, statement: Compiled, **params: Any) -> int:
        """Rows touched by a single write that commits by itself. Only for writes that may be repeated."""
        return touched(await self._run("execute", statement.sql, statement.arguments(params)))

    async def fetchval_text(self, sql: str) -> Any:
        """For fixed SQL such as probes."""
        return await self._run("fetchval", sql, [])

    async def close(self) -> None:
        for connection in self._open:
            connection.terminate()
        self._idle.clear()
        self._open.clear()
        if self._closing:
            await asyncio.wait(self._closing, timeout=_CLOSING_SECONDS)

    async def _run(self, method: str, sql: str, arguments: list[Any]) -> Any:
        try:
            return await self._once(method, sql, arguments)
        except _CLOSED:
            # The other idle connections were closed at the same moment.
            while self._idle:
                self._drop(self._idle.pop())
        except (*LOST, asyncpg.PostgresError) as error:
            raise unavailable(error) from error
        try:
            return await self._once(method, sql, arguments)
        except (*LOST, asyncpg.PostgresError) as error:
            raise unavailable(error) from error

    async def _once(self, method: str, sql: str, arguments: list[Any]) -> Any:
        await self._place()
        try:
            connection = await self._take()
            try:
                answer = await getattr(connection, method)(sql, *arguments)
            except asyncpg.PostgresError:
                self._keep(connection)
                raise
            except BaseException:
                # Cut off in the middle: what the server still sends belongs to nobody.
                self._retire(connection)
                raise
            self._keep(connection)
            return answer
        finally:
            self._places.release()

    async def _place(self) -> None:
        if not self._places.locked():
            await self._places.acquire()
            return
        # A bounded wait costs a timer, so only a caller that has to wait pays for it.
        try:
            async with asyncio.timeout(self._wait):
                await self._places.acquire()
        except TimeoutError:
            raise Unavailable("no connection for reading became free in time") from None

    async def _take(self) -> asyncpg.Connection:
        while self._idle:
            # The one used last is the one most likely to be alive, and its caches are warm.
            kept = self._idle.pop()
            if not kept.is_closed():
                return kept
            self._drop(kept)
        connection = await self._connect()
        self._open.add(connection)
        return connection

    def _keep(self, connection: asyncpg.Connection) -> None:
        if connection.is_closed() or connection not in self._open:
            self._drop(connection)
        else:
            self._idle.append(connection)

    def _retire(self, connection: asyncpg.Connection) -> None:
        """Close it in its own time: asyncpg first tells the server to stop what it was asked for."""
        self._open.discard(connection)
        task = asyncio.create_task(self._closed(connection))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    @staticmethod
    async def _closed(connection: asyncpg.Connection) -> None:
        try:
            await connection.close(timeout=_CLOSING_SECONDS)
        except (*LOST, asyncpg.PostgresError):
            connection.terminate()

    def _drop(self, connection: asyncpg.Connection) -> None:
        self._open.discard(connection)
        connection.terminate()


def touched(tag: str) -> int:
    """The number of rows in a command tag such as `UPDATE 3`."""
    count = tag.rpartition(" ")[2]
    return int(count) if count.isdigit() else 0
