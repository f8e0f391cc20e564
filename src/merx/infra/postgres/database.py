"""Connections: some for transactions, some for reads. Every wait has an end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from loguru import logger
from sqlalchemy.exc import DBAPIError

from merx.infra.postgres.dial import dial
from merx.infra.postgres.failures import LOST, unavailable
from merx.infra.postgres.link import Link, Linker
from merx.infra.postgres.pool import Pool
from merx.infra.postgres.reader import Reader
from merx.infra.postgres.role import refuse_too_many_rights
from merx.infra.postgres.trail import PostgresTrail
from merx.infra.server_refused import ServerRefused
from merx.infra.settings import Settings
from merx.kernel.errors import Unavailable


class Database:
    """The connection source of a process. Connects on first use; `close()` belongs to the lifespan.

    `trail` is how units of work write the audit trail.
    """

    def __init__(self, settings: Settings, trail: PostgresTrail | None = None) -> None:
        self.trail = trail or PostgresTrail()
        self._settings = settings
        # In production a process is not the owner of its database, and finds out once.
        self._role_to_check = settings.production
        self._refused = ""
        wait = settings.pool_wait_ms / 1000
        self._linker = Linker(settings.connect_timeout_ms / 1000)
        self._writers = Pool(self._linked, settings.database_pool, wait)
        self._readers = Pool(self.connect, settings.reader_pool, wait)
        self.reader = Reader(self._readers)

    async def connect(self) -> asyncpg.Connection:
        """A connection of its own, outside every pool. Raises ServerRefused and what asyncpg raises."""
        try:
            connection = await self._dial()
        except ServerRefused as refused:
            # Whoever asks hears that the database is away; the reason is for whoever runs the shop.
            if str(refused) != self._refused:
                logger.error("{}", refused)
            self._refused = str(refused)
            raise
        self._refused = ""
        return connection

    async def refuse_unsafe(self) -> None:
        """Raises ServerRefused. Whatever else may be wrong is told when the database is used."""
        try:
            connection = await self._dial()
        except ServerRefused:
            raise
        except Exception as error:
            logger.warning("the database was not looked at: {}", type(error).__name__)
        else:
            connection.terminate()

    async def _dial(self) -> asyncpg.Connection:
        settings = self._settings
        connection = await dial(
            settings.database_url,
            settings.database_ca_file,
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
        if self._role_to_check:
            try:
                await refuse_too_many_rights(connection)
            except BaseException:
                connection.terminate()
                raise
            self._role_to_check = False
        return connection

    async def _linked(self) -> Link:
        return await self._linker.link(await self.connect())

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Link]:
        """A connection inside a transaction already begun, which the caller ends by `commit` or `rollback`.

        BEGIN doubles as the liveness ping: a connection that the server closed is replaced before anybody notices.
        Raises Unavailable when none can be had in time.
        """
        link = await self._begun()
        try:
            yield link
        finally:
            if link.driver.is_closed() or not link.driver.is_in_transaction():
                self._writers.keep(link)
            else:
                self._writers.retire(link)

    async def _begun(self) -> Link:
        try:
            link = await self._writers.take()
            # After a restart of the server every connection that was kept may be dead, the one made next is fresh.
            for _ in range(self._settings.database_pool + 1):
                try:
                    await link.driver.execute("BEGIN", timeout=self._settings.connect_timeout_ms / 1000)
                except TimeoutError:
                    # Silent, not closed: so are the others, and to ask each in turn would take minutes.
                    self._writers.drop(link)
                    raise
                except LOST:
                    link = await self._writers.instead_of(link)
                except BaseException:
                    self._writers.drop(link)
                    raise
                else:
                    return link
            self._writers.drop(link)
        except (*LOST, asyncpg.PostgresError, DBAPIError) as error:
            raise unavailable(error) from error
        raise Unavailable("the database ended every connection")

    async def ping(self) -> None:
        """Raises Unavailable when the database does not answer."""
        await self.reader.fetchval_text("select 1")

    async def close(self) -> None:
        await self._readers.close()
        await self._writers.close()
