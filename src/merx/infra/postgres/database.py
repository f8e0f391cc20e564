"""Connections: one engine for transactions, one pool for reads. Every wait has an end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from merx.infra.postgres.compiled import Compiled
from merx.infra.postgres.failures import LOST, unavailable
from merx.infra.settings import Settings
from merx.kernel.errors import Unavailable

# The server closed an idle connection before the statement reached it.
_CLOSED = (
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.AdminShutdownError,
    asyncpg.InternalClientError,
    ConnectionResetError,
    BrokenPipeError,
)


class Database:
    """The connection source of a process. Connects on first use; `close()` belongs to the lifespan."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine: AsyncEngine | None = None
        self.reader = Reader(self, settings.reader_pool, settings.pool_wait_ms / 1000)

    @property
    def engine(self) -> AsyncEngine:
        """Transactions begin and commit on the driver connection, so the engine itself stays in autocommit."""
        if self._engine is None:
            self._engine = create_async_engine(
                "postgresql+asyncpg://",
                async_creator=self.connect,
                isolation_level="AUTOCOMMIT",
                skip_autocommit_rollback=True,
                json_serializer=str,
                json_deserializer=str,
                pool_size=self._settings.database_pool,
                max_overflow=0,
                pool_timeout=self._settings.pool_wait_ms / 1000,
                pool_use_lifo=True,
            )
        return self._engine

    async def connect(self, *_: object, **__: object) -> asyncpg.Connection:
        """A connection of its own, outside every pool. Raises what asyncpg raises."""
        settings = self._settings
        return await asyncpg.connect(
            settings.database_url,
            timeout=settings.connect_timeout_ms / 1000,
            # The server ends a slow statement first; this ends the wait for a server that does not answer at all.
            command_timeout=settings.statement_timeout_ms / 1000 + 1,
            server_settings={
                "application_name": "merx",
                "search_path": "pg_catalog",
                "timezone": "UTC",
                "statement_timeout": str(settings.statement_timeout_ms),
                "lock_timeout": str(settings.lock_timeout_ms),
                "idle_in_transaction_session_timeout": str(settings.idle_transaction_timeout_ms),
                "jit": "off",
            },
        )

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[tuple[AsyncConnection, asyncpg.Connection]]:
        """A pooled connection inside a transaction already begun.

        BEGIN doubles as the liveness ping: a connection that the server closed is replaced before anybody notices.
        Raises Unavailable when none can be had in time.
        """
        try:
            connection = await self.engine.connect()
        except (*LOST, asyncpg.PostgresError, PoolTimeout) as error:
            raise unavailable(error) from error
        try:
            yield connection, await self._begin(connection)
        finally:
            await connection.close()

    async def _begin(self, connection: AsyncConnection) -> asyncpg.Connection:
        # Every pooled connection may be dead after a restart of the server, the one made after them is fresh.
        for _ in range(self._settings.database_pool + 1):
            try:
                raw = await connection.get_raw_connection()
            except (*LOST, asyncpg.PostgresError) as error:
                raise unavailable(error) from error
            driver = raw.driver_connection
            assert isinstance(driver, asyncpg.Connection)
            try:
                await driver.execute("BEGIN", timeout=self._settings.connect_timeout_ms / 1000)
            except TimeoutError as error:
                # Silent, not closed: so are the others, and to ask each in turn would take minutes.
                driver.terminate()
                raise unavailable(error) from error
            except LOST:
                await connection.invalidate()
            except BaseException:
                driver.terminate()
                raise
            else:
                return driver
        raise Unavailable("the database ended every connection")

    async def ping(self) -> None:
        """Raises Unavailable when the database does not answer."""
        await self.reader.fetchval_text("select 1")

    async def close(self) -> None:
        await self.reader.close()
        if self._engine is not None:
            await self._engine.dispose()
            self._engine = None


def touched(tag: str) -> int:
    """The number of rows in a command tag such as `UPDATE 3`."""
    count = tag.rpartition(" ")[2]
    return int(count) if count.isdigit() else 0


async def _keep(_: asyncpg.Connection) -> None:
    """Reads leave no session state behind, so a released connection needs no reset round trip."""


class Reader:
    """Runs compiled statements outside any transaction. Raises Unavailable when the database is away.

    One that finds its connection closed by the server is run once more on a fresh one: reads may be repeated.
    """

    def __init__(self, database: Database, size: int, wait: float) -> None:
        self._database = database
        self._size = size
        self._wait = wait
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()

    async def pool(self) -> asyncpg.Pool:
        if self._pool is None:
            async with self._opening:
                if self._pool is None:
                    self._pool = await self._open()
        return self._pool

    async def _open(self) -> asyncpg.Pool:
        return await asyncpg.create_pool(min_size=1, max_size=self._size, reset=_keep, connect=self._database.connect)

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

    async def _run(self, method: str, sql: str, arguments: list[Any]) -> Any:
        try:
            return await self._once(method, sql, arguments)
        except _CLOSED:
            # The other idle connections were closed at the same moment; expiring them all makes the next one fresh.
            if self._pool is not None:
                await self._pool.expire_connections()
        except (*LOST, asyncpg.PostgresError) as error:
            raise unavailable(error) from error
        try:
            return await self._once(method, sql, arguments)
        except (*LOST, asyncpg.PostgresError) as error:
            raise unavailable(error) from error

    async def _once(self, method: str, sql: str, arguments: list[Any]) -> Any:
        pool = self._pool or await self.pool()
        # A bounded wait costs a task, so only a caller that has to wait pays for it.
        async with pool.acquire(timeout=None if pool.get_idle_size() else self._wait) as connection:
            return await getattr(connection, method)(sql, *arguments)

    async def close(self) -> None:
        if self._pool is not None:
            pool, self._pool = self._pool, None
            try:
                await asyncio.wait_for(pool.close(), 2)
            except TimeoutError:
                pool.terminate()
