"""Reads outside any transaction, on connections of their own."""

from typing import Any

import asyncpg

from merx.infra.postgres.compiled import Compiled
from merx.infra.postgres.failures import LOST, unavailable
from merx.infra.postgres.pool import Pool

# The server closed an idle connection before the statement reached it.
_CLOSED = (
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.AdminShutdownError,
    asyncpg.InternalClientError,
    ConnectionResetError,
    BrokenPipeError,
)


class Reader:
    """Runs compiled statements. Raises Unavailable when the database is away or no connection is free in time.

    One that finds its connection closed by the server is run once more on a fresh one: reads may be repeated.
    """

    def __init__(self, pool: Pool[asyncpg.Connection]) -> None:
        self._pool = pool

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
            # The other idle connections were closed at the same moment.
            self._pool.drop_idle()
        except (*LOST, asyncpg.PostgresError) as error:
            raise unavailable(error) from error
        try:
            return await self._once(method, sql, arguments)
        except (*LOST, asyncpg.PostgresError) as error:
            raise unavailable(error) from error

    async def _once(self, method: str, sql: str, arguments: list[Any]) -> Any:
        connection = await self._pool.take()
        try:
            answer = await getattr(connection, method)(sql, *arguments)
        except asyncpg.PostgresError:
            self._pool.keep(connection)
            raise
        except BaseException:
            # Cut off in the middle: what the server still sends belongs to nobody.
            self._pool.retire(connection)
            raise
        self._pool.keep(connection)
        return answer


def touched(tag: str) -> int:
    """The number of rows in a command tag such as `UPDATE 3`."""
    count = tag.rpartition(" ")[2]
    return int(count) if count.isdigit() else 0
