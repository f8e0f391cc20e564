"""One connection with two doors: the driver's, and the ORM's."""

import asyncio
from contextvars import ContextVar
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

_handed: ContextVar[asyncpg.Connection] = ContextVar("handed")


class Link:
    """Statements of both doors belong to the transaction that the driver has open."""

    __slots__ = ("driver", "orm")

    def __init__(self, driver: asyncpg.Connection, orm: AsyncConnection) -> None:
        self.driver = driver
        self.orm = orm

    def is_closed(self) -> bool:
        closed: bool = self.driver.is_closed()
        return closed or self.orm.invalidated

    def terminate(self) -> None:
        self.driver.terminate()

    async def close(self, *, timeout: float | None = None) -> None:
        await self.driver.close(timeout=timeout)


class Linker:
    """Shows SQLAlchemy connections that it neither makes nor keeps: its own pool and the objects of a checkout cost a
    transaction a fifth of a millisecond, also one that never asks for the ORM.
    """

    def __init__(self, wait: float) -> None:
        self._wait = wait
        self._engine: AsyncEngine | None = None

    async def link(self, driver: asyncpg.Connection) -> Link:
        """Ends the connection when that fails or takes too long. Raises what asyncpg does, or DBAPIError around it."""
        # Called off instead, SQLAlchemy would say good-bye to a silent server and wait for the answer.
        end = asyncio.get_running_loop().call_later(self._wait, driver.terminate)
        handed = _handed.set(driver)
        try:
            orm = await self._made().connect()
            assert orm.sync_connection is not None
            orm.sync_connection.detach()
        except BaseException:
            driver.terminate()
            raise
        finally:
            end.cancel()
            # Whoever asks SQLAlchemy for a connection instead of a lost one shall not get one that others use.
            _handed.reset(handed)
        return Link(driver, orm)

    def _made(self) -> AsyncEngine:
        # Transactions begin and commit on the driver's side, so the engine itself stays in autocommit.
        if self._engine is None:
            self._engine = create_async_engine(
                "postgresql+asyncpg://",
                async_creator=_handed_one,
                poolclass=NullPool,
                isolation_level="AUTOCOMMIT",
                skip_autocommit_rollback=True,
                json_serializer=str,
                json_deserializer=str,
                hide_parameters=True,
            )
        return self._engine


async def _handed_one(*_: Any, **__: Any) -> asyncpg.Connection:
    return _handed.get()
