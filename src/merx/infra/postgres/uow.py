"""One transaction: aggregates through the ORM, set-wise SQL through the driver, events through the outbox."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Self

import asyncpg
from sqlalchemy import Executable
from sqlalchemy.ext.asyncio import AsyncSession

from merx.infra.cache import EVERYTHING
from merx.infra.idempotency.effect import note_effect
from merx.infra.outbox.events import OutboxWriter
from merx.infra.postgres.compiled import Compiled
from merx.infra.postgres.database import Database
from merx.infra.postgres.failures import LOST, translated, unavailable
from merx.infra.postgres.later import Filled, Pending, check, in_one
from merx.infra.postgres.link import Link
from merx.infra.postgres.reader import touched
from merx.infra.postgres.trail import PostgresTrail
from merx.kernel.audit import AuditEntry
from merx.kernel.model import Event

CACHE_CHANNEL = "merx_cache"
# NOTIFY refuses payloads of 8,000 bytes; a change that touches more tags than fit drops everything.
_MAX_PAYLOAD = 7_900
_NOTHING: Mapping[str, Exception] = {}


def postgres_tx(tx: object) -> "PostgresTx":
    """What a port calls a transaction, as ours. Raises TypeError for one of another storage."""
    if not isinstance(tx, PostgresTx):
        raise TypeError(f"{type(tx).__name__} is no transaction of this storage")
    return tx


class PostgresTx:
    """The open transaction. Both doors, `fetch`/`execute` and `session`, lead into the same one.

    Statements raise Unavailable for whatever may succeed when tried again (connection, deadlock, timeout, disk), and
    the driver's own error for the rest, such as asyncpg.UniqueViolationError.
    """

    def __init__(self, link: Link) -> None:
        self._link: Link | None = link
        self._session: AsyncSession | None = None
        self._pending: list[Pending] = []
        # Committed, or something that was to be written is missing.
        self._over = False

    def later(
        self,
        filled: Filled,
        *,
        refused: Mapping[str, Exception] = _NOTHING,
        rows: int = 0,
        short: Exception | None = None,
    ) -> None:
        """Goes to the server with the next statement or the commit, and they raise what it would have raised.

        `refused` has what to raise for a violated constraint, by its name. `short` is raised when a counted write wrote
        fewer than `rows`.
        """
        if self._link is None or self._over:
            raise RuntimeError("the transaction is over")
        self._pending.append(Pending(filled, refused, rows, short))

    async def _send(self) -> None:
        pending, self._pending = self._pending, []
        sql, arguments = in_one(pending)
        try:
            [counts] = await self.driver.fetch(sql, *arguments)
        except asyncpg.IntegrityConstraintViolationError as error:
            refused = {name: refusal for each in pending for name, refusal in each.refused.items()}
            refusal = refused.get(error.constraint_name or "")
            if refusal is None:
                raise
            raise refusal from error
        except (*LOST, asyncpg.PostgresError) as error:
            raise unavailable(error) from error
        try:
            check(pending, tuple(counts))
        except Exception:
            self._over = True
            raise

    async def fetch(self, statement: Compiled, **params: Any) -> list[asyncpg.Record]:
        if self._pending:
            await self._send()
        try:
            return await self.driver.fetch(statement.sql, *statement.arguments(params))
        except (*LOST, asyncpg.PostgresError) as error:
            raise unavailable(error) from error

    async def fetchrow(self, statement: Compiled, **params: Any) -> asyncpg.Record | None:
        if self._pending:
            await self._send()
        try:
            return await self.driver.fetchrow(statement.sql, *statement.arguments(params))
        except (*LOST, asyncpg.PostgresError) as error:
            raise unavailable(error) from error

    async def fetchval(self, statement: Compiled, **params: Any) -> Any:
        if self._pending:
            await self._send()
        try:
            return await self.driver.fetchval(statement.sql, *statement.arguments(params))
        except (*LOST, asyncpg.PostgresError) as error:
            raise unavailable(error) from error

    async def execute(self, statement: Compiled, **params: Any) -> int:
        """Rows touched."""
        if self._pending:
            await self._send()
        try:
            tag = await self.driver.execute(statement.sql, *statement.arguments(params))
        except (*LOST, asyncpg.PostgresError) as error:
            raise unavailable(error) from error
        return touched(tag)

    @property
    def driver(self) -> asyncpg.Connection:
        return self._open.driver

    @property
    def session(self) -> AsyncSession:
        """The ORM session of this transaction, made when an aggregate is first asked for.

        Raises RuntimeError while writes wait to be sent: the ORM would not see them.
        """
        if self._pending:
            raise RuntimeError("writes wait to be sent")
        if self._session is None:
            self._session = AsyncSession(
                self._open.orm, expire_on_commit=False, autoflush=False, close_resets_only=False
            )
        return self._session

    @property
    def _open(self) -> Link:
        if self._link is None:
            raise RuntimeError("the transaction is over")
        return self._link

    async def scalar(self, statement: Executable) -> Any:
        """The first column of the first row, asked for by the ORM."""
        with translated():
            return await self.session.scalar(statement)

    async def scalars(self, statement: Executable, params: dict[str, Any] | None = None) -> Sequence[Any]:
        """The first column of all rows, asked for by the ORM."""
        with translated():
            return (await self.session.scalars(statement, params)).all()

    async def flush(self) -> None:
        if self._session is not None:
            with translated():
                await self._session.flush()

    async def commit(self, notice: str = "") -> None:
        """Raises Unavailable when the answer is lost; then nobody knows whether it committed.

        `notice` goes to the listeners of the cache channel, in the same round trip.
        """
        if self._pending:
            await self._send()
        if self._over:
            raise RuntimeError("a write of this transaction is missing, nothing was committed")
        quoted = notice.replace("'", "''")
        try:
            tag = await self.driver.execute(f"NOTIFY {CACHE_CHANNEL}, '{quoted}'; COMMIT" if notice else "COMMIT")
        except (*LOST, asyncpg.PostgresError) as error:
            raise unavailable(error) from error
        if tag != "COMMIT":
            # PostgreSQL answers ROLLBACK, not an error, when an earlier statement failed and nobody minded.
            raise RuntimeError("a statement of this transaction failed, nothing was committed")
        self._over = True

    async def rollback(self) -> None:
        """Never raises. A connection whose state is unknown is ended, so that it cannot go back into the pool."""
        if self.driver.is_closed():
            return
        try:
            await self.driver.execute("ROLLBACK")
        except (*LOST, asyncpg.PostgresError):
            self.driver.terminate()
        except BaseException:
            self.driver.terminate()
            raise

    async def close(self) -> None:
        """Shuts both doors: from now on the connection is in the transactions of others."""
        session, self._session, self._link = self._session, None, None
        if session is not None:
            await session.close()


class PostgresUow:
    """Implements the kernel's UnitOfWork. A context subclasses it and sets its repositories in `open`.

    One use at a time; after `commit()` the block is over and `tx` raises.
    """

    def __init__(self, database: Database, outbox: OutboxWriter, trail: PostgresTrail | None = None) -> None:
        self._database = database
        self._outbox = outbox
        self._trail = trail or database.trail
        self._events: list[Event] = []
        self._entries: list[AuditEntry] = []
        self._tags: set[str] = set()
        self._scope: AbstractAsyncContextManager[Link] | None = None
        self._tx: PostgresTx | None = None
        self._committed = False

    @property
    def tx(self) -> PostgresTx:
        if self._tx is None or self._committed:
            raise RuntimeError("the unit of work is not open")
        return self._tx

    def open(self, tx: PostgresTx) -> None:
        """Set repositories on `self`."""

    async def __aenter__(self) -> Self:
        if self._tx is not None:
            raise RuntimeError("the unit of work is open already")
        self._scope = self._database.transaction()
        self._tx = PostgresTx(await self._scope.__aenter__())
        self._events, self._entries, self._tags, self._committed = [], [], set(), False
        try:
            self.open(self._tx)
        except BaseException as error:
            await self.__aexit__(type(error), error, error.__traceback__)
            raise
        return self

    def emit(self, *events: Event) -> None:
        self._events.extend(events)

    def record(self, *entries: AuditEntry) -> None:
        self._entries.extend(entries)

    def invalidate(self, *tags: str) -> None:
        self._tags.update(tags)

    async def commit(self) -> None:
        tx = self.tx
        await tx.flush()
        await note_effect(tx)
        deliveries = []
        if self._events:
            deliveries = await self._outbox.write(tx, self._events)
        if self._entries:
            # Last of all: the end of the chain is a lock that all writers share.
            await self._trail.write(tx, self._entries)
        notice = " ".join(sorted(self._tags))
        await tx.commit(notice if len(notice.encode()) <= _MAX_PAYLOAD else EVERYTHING)
        self._committed = True
        if deliveries:
            self._outbox.nudge(deliveries)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tx, scope = self._tx, self._scope
        self._tx, self._scope = None, None
        if tx is None or scope is None:
            return
        try:
            if not self._committed:
                await tx.rollback()
        finally:
            try:
                await tx.close()
            finally:
                await scope.__aexit__(None, None, None)
