"""Connections: one engine for transactions, one pool for reads. Every wait has an end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from merx.infra.postgres.compiled import Compiled
from merx.infra.settings import Settings
from merx.kernel.errors import Unavailable

# What a lost or refused connection looks like; see the table of default timeouts in the reliability notes.
LOST = (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.CannotConnectNowError, TimeoutError)


class Database:
    """The connection source of a process. Connects on first use; `close()` belongs to the lifespan."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine: AsyncEngine | None = None
        self.reader = Reader(self)

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
                pool_timeout=self._settings.database_pool_timeout_ms / 1000,
                pool_use_lifo=True,
            )
        return self._engine

    async def connect(self) -> asyncpg.Connection:
        settings = self._settings
        return await asyncpg.connect(
            settings.database_url,
            timeout=2,
            command_timeout=settings.statement_timeout_ms / 1000 + 1,
            server_settings={
                "application_name": "merx",
                "search_path": "pg_catalog",
                "timezone": "UTC",
                "statement_timeout": str(settings.statement_timeout_ms),
                "lock_timeout": str(settings.lock_timeout_ms),
                "idle_in_transaction_session_timeout": "10000",
                # Parsing a short statement costs more than planning it well is worth on the hot path.
                "plan_cache_mode": "auto",
                "jit": "off",
            },
        )

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[tuple[AsyncConnection, asyncpg.Connection]]:
        """A pooled connection inside a transaction already begun.

        BEGIN doubles as the liveness ping: a connection that the server closed is replaced before anybody notices.
        Raises Unavailable when none can be had in time.
        """
        async with self.engine.connect() as connection:
            for attempt in range(self._settings.database_pool + 1):
                raw = await connection.get_raw_connection()
                driver: asyncpg.Connection = raw.driver_connection
                try:
                    await driver.execute("BEGIN")
                    break
                except LOST:
                    if attempt == self._settings.database_pool:
                        raise
                    await connection.invalidate()
            else:
                raise Unavailable("no database connection")
            yield connection, driver

    async def ping(self) -> None:
        await self.reader.fetchval_text("select 1")

    async def close(self) -> None:
        await self.reader.close()
        if self._engine is not None:
            await self._engine.dispose()
            self._engine = None


async def _keep(_: asyncpg.Connection) -> None:
    """Reads leave no session state behind, so a released connection needs no reset round trip."""


class Reader:
    """Runs compiled SELECTs outside any transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()

    async def pool(self) -> asyncpg.Pool:
        if self._pool is None:
            async with self._opening:
                if self._pool is None:
                    self._pool = await self._open()
        return self._pool

    async def _open(self) -> asyncpg.Pool:
        settings = self._database._settings  # noqa: SLF001 - two halves of one object

        async def connect(*_: object, **__: object) -> asyncpg.Connection:
            return await self._database.connect()

        return await asyncpg.create_pool(
            min_size=1,
            max_size=settings.database_reader_pool_size,
            reset=_keep,
            connect=connect,
            timeout=2,
        )

    async def fetch(self, statement: Compiled, **params: Any) -> list[asyncpg.Record]:
        pool = self._pool or await self.pool()
        return await pool.fetch(statement.sql, *statement.arguments(params))

    async def fetchrow(self, statement: Compiled, **params: Any) -> asyncpg.Record | None:
        pool = self._pool or await self.pool()
        return await pool.fetchrow(statement.sql, *statement.arguments(params))

    async def fetchval(self, statement: Compiled, **params: Any) -> Any:
        pool = self._pool or await self.pool()
        return await pool.fetchval(statement.sql, *statement.arguments(params))

    async def fetchval_text(self, sql: str) -> Any:
        """For fixed SQL such as probes."""
        pool = self._pool or await self.pool()
        return await pool.fetchval(sql)

    async def close(self) -> None:
        if self._pool is not None:
            pool, self._pool = self._pool, None
            try:
                await asyncio.wait_for(pool.close(), 2)
            except TimeoutError:
                pool.terminate()
