"""Bring the database to the schema of this code. Safe to start twice, at the same time, and after a crash."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from loguru import logger
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

import merx.migrations
from merx.infra.postgres.dial import dial
from merx.migrations import rights

# Any number that no other program on this database uses for its advisory locks.
_LOCK = 0x6D657278  # "merx"
# A migration itself may take long (an index on a large table, a table rewritten), and to end it half way would only
# make it start again: the limit is for a statement that hangs, not for one that works.
_STATEMENT_TIMEOUT = timedelta(hours=2)
# Between two statements is only Python. Who stops here (a suspended process) must not keep its locks for ever.
_IDLE_TIMEOUT = "60s"
_TRIES = 10
_LOCK_WAIT = timedelta(seconds=2)
_WAIT_FOR_WINNER = 120.0


class MigrationBusy(Exception):
    """Another runner, or the traffic of the shop, holds a lock for longer than a migration waits."""


def upgrade(database_url: str, revision: str = "head", *, ca_file: str = "") -> None:
    """Blocking; not for use inside an event loop. A second runner waits for the first and then finds nothing to do."""
    asyncio.run(migrate(database_url, revision, ca_file=ca_file))


def downgrade(database_url: str, revision: str) -> None:
    """To a named revision, or `base` for an empty database. Loses the data of what it removes."""
    asyncio.run(migrate(database_url, revision, down=True))


async def migrate(
    database_url: str,
    revision: str = "head",
    *,
    down: bool = False,
    tries: int = _TRIES,
    lock_wait: timedelta = _LOCK_WAIT,
    ca_file: str = "",
) -> None:
    """Moves to `revision`. Locks are waited for briefly and tried again, so that traffic is never held up behind us.

    `ca_file` holds the authorities by which a server proves its name, when `database_url` asks for that.

    Raises MigrationBusy when a lock could not be had; finished versions stay, and starting again goes on from them.
    """
    for attempt in range(tries):
        try:
            await _once(partial(connect, database_url, lock_wait, ca_file), revision, down)
        except Exception as error:
            if not _lock_timeout(error):
                raise
            if attempt == tries - 1:
                raise MigrationBusy(
                    f"A table that the migration changes stayed locked through {tries} tries; end the long transaction "
                    "that holds it (pg_stat_activity shows it) and run: merx migrate"
                ) from error
            logger.info("migration waits for a lock, try {} of {}", attempt + 2, tries)
            await asyncio.sleep(min(0.2 * 2**attempt, 5))
        else:
            return


async def connect(database_url: str, lock_wait: timedelta = _LOCK_WAIT, ca_file: str = "") -> asyncpg.Connection:
    return await dial(
        database_url,
        ca_file,
        timeout=5,
        # The server ends a statement first; this ends the wait for a server that does not answer at all.
        command_timeout=_STATEMENT_TIMEOUT.total_seconds() + 10,
        server_settings={
            "application_name": "merx migrate",
            "timezone": "UTC",
            "lock_timeout": _milliseconds(lock_wait),
            "statement_timeout": _milliseconds(_STATEMENT_TIMEOUT),
            "idle_in_transaction_session_timeout": _IDLE_TIMEOUT,
        },
    )


def _milliseconds(time: timedelta) -> str:
    return str(int(time.total_seconds() * 1000))


async def _once(connects: Callable[[], Awaitable[asyncpg.Connection]], revision: str, down: bool) -> None:
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connects,
        poolclass=NullPool,
        hide_parameters=True,
    )
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_locked, partial(_run, revision=revision, down=down))
    finally:
        await engine.dispose()


def _locked(connection: Connection, work: Callable[[Connection], None]) -> None:
    end = time.monotonic() + _WAIT_FOR_WINNER
    while not connection.scalar(text("select pg_try_advisory_lock(:key)"), {"key": _LOCK}):
        connection.rollback()
        if time.monotonic() > end:
            raise MigrationBusy("Another migration runs for two minutes now; wait for its end and run: merx migrate")
        connection.execute(text("select pg_sleep(0.1)"))
    connection.commit()
    # The lock belongs to the session and falls with it, also when this process is killed.
    work(connection)


def _run(connection: Connection, *, revision: str, down: bool) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    (command.downgrade if down else command.upgrade)(config, revision)
    rights.apply(connection)


def alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(merx.migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def _lock_timeout(error: BaseException) -> bool:
    cause = getattr(getattr(error, "orig", None), "__cause__", None)
    return isinstance(cause, asyncpg.LockNotAvailableError | asyncpg.DeadlockDetectedError)
