"""One transaction: aggregates through the ORM, set-wise SQL through the driver, events through the outbox."""

from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Self

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from merx.infra.outbox.events import OutboxWriter
from merx.infra.postgres.compiled import Compiled, compiled
from merx.infra.postgres.database import Database
from merx.kernel.model import Event

CACHE_CHANNEL = "merx_cache"
# NOTIFY refuses payloads of 8,000 bytes; a change that touches more tags than fit drops everything.
_MAX_PAYLOAD = 7_900
EVERYTHING = "*"

NOTIFY = compiled("select pg_notify(:channel, :payload)")


class PostgresTx:
    """The open transaction. Both doors, `fetch`/`execute` and `session`, lead into the same one."""

    def __init__(self, connection: AsyncConnection, driver: asyncpg.Connection) -> None:
        self._connection = connection
        self._session: AsyncSession | None = None
        self.driver = driver

    async def fetch(self, statement: Compiled, **params: Any) -> list[asyncpg.Record]:
        return await self.driver.fetch(statement.sql, *statement.arguments(params))

    async def fetchrow(self, statement: Compiled, **params: Any) -> asyncpg.Record | None:
        return await self.driver.fetchrow(statement.sql, *statement.arguments(params))

    async def fetchval(self, statement: Compiled, **params: Any) -> Any:
        return await self.driver.fetchval(statement.sql, *statement.arguments(params))

    async def execute(self, statement: Compiled, **params: Any) -> int:
        """Rows touched."""
        tag = await self.driver.execute(statement.sql, *statement.arguments(params))
        last = tag.rpartition(" ")[2]
        return int(last) if last.isdigit() else 0

    @property
    def session(self) -> AsyncSession:
        """The ORM session of this transaction, made when an aggregate is first asked for."""
        if self._session is None:
            self._session = AsyncSession(self._connection, expire_on_commit=False, autoflush=False)
        return self._session

    async def flush(self) -> None:
        if self._session is not None:
            await self._session.flush()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


class PostgresUow:
    """Implements the kernel's UnitOfWork. A context subclasses it and sets its repositories in `open`."""

    def __init__(self, database: Database, outbox: OutboxWriter) -> None:
        self._database = database
        self._outbox = outbox
        self._events: list[Event] = []
        self._tags: set[str] = set()
        self._scope: AbstractAsyncContextManager[tuple[AsyncConnection, asyncpg.Connection]] | None = None
        self._tx: PostgresTx | None = None
        self._done = False

    @property
    def tx(self) -> PostgresTx:
        if self._tx is None:
            raise RuntimeError("the unit of work is not open")
        return self._tx

    def open(self, tx: PostgresTx) -> None:
        """Set repositories on `self`."""

    async def __aenter__(self) -> Self:
        self._scope = self._database.connection()
        connection, driver = await self._scope.__aenter__()
        self._tx = PostgresTx(connection, driver)
        self._events, self._tags, self._done = [], set(), False
        self.open(self._tx)
        return self

    def emit(self, *events: Event) -> None:
        self._events.extend(events)

    def invalidate(self, *tags: str) -> None:
        self._tags.update(tags)

    async def commit(self) -> None:
        tx = self.tx
        await tx.flush()
        deliveries = []
        if self._events:
            deliveries = await self._outbox.write(tx, self._events)
        if self._tags:
            payload = " ".join(sorted(self._tags))
            if len(payload) > _MAX_PAYLOAD:
                payload = EVERYTHING
            await tx.fetch(NOTIFY, channel=CACHE_CHANNEL, payload=payload)
        await tx.driver.execute("COMMIT")
        self._done = True
        if deliveries:
            self._outbox.nudge(deliveries)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tx, scope = self.tx, self._scope
        self._tx, self._scope = None, None
        try:
            await tx.close()
            if not self._done and not tx.driver.is_closed():
                try:
                    await tx.driver.execute("ROLLBACK")
                except BaseException:
                    # A connection whose transaction state is unknown must never go back into the pool.
                    tx.driver.terminate()
                    if error is None:
                        raise
        finally:
            if scope is not None:
                await scope.__aexit__(None, None, None)
