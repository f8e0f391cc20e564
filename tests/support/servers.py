"""Fixtures with a real PostgreSQL and a real Valkey, one of each for a pytest process (so one for an xdist worker).

The servers come from wheels and are started on first use; MERX_TEST_DATABASE_URL (a role that may create databases) and
MERX_TEST_REDIS_URL (its chosen database is flushed) name others. tests/conftest.py loads this module.

`database_url` is a fresh database with the schema of the migrations as the processes of a shop reach it, `owner_url`
the same one as its owner does, `empty_database_url` one without, `redis_url` a
server without keys.
"""

import asyncio
import fcntl
import importlib.util
import os
import shutil
import tempfile
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from merx.infra.embedded import EmbeddedPostgres, EmbeddedValkey
from merx.infra.embedded.cluster import MAJOR
from merx.migrations.rights import APP

T = TypeVar("T")


def run_here(work: Coroutine[Any, Any, T]) -> T:
    """Runs `work` on a loop of its own in this thread, without touching the loop that pytest-asyncio has set."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


def run_aside(work: Coroutine[Any, Any, T]) -> T:
    """Like `run_here` in a thread of its own: works below a running loop too."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run_here, work).result()


@dataclass
class Databases:
    """One PostgreSQL server on which tests make and drop databases."""

    admin_url: str
    given: bool = False
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def url_of(self, name: str) -> str:
        return urlunsplit(urlsplit(self.admin_url)._replace(path=f"/{name}"))

    def app_url_of(self, name: str) -> str:
        """As the processes connect: the whole services suite runs with the rights that a shop has. A server that was
        named from outside is used by the role that was named.
        """
        url = urlsplit(self.url_of(name))
        return self.url_of(name) if self.given else urlunsplit(url._replace(netloc=f"{APP}@"))

    def create(self, template: str | None = None) -> str:
        """Makes a database and returns its name."""
        name = f"t{os.getpid()}_{next(self._numbers)}"
        source = f' template "{template}"' if template else ""
        self.execute(f'create database "{name}"{source}')
        return name

    def drop(self, name: str) -> None:
        self.execute(f'drop database if exists "{name}" with (force)')

    def execute(self, sql: str) -> None:
        async def work() -> None:
            connection = await asyncpg.connect(self.admin_url, timeout=10, command_timeout=60)
            try:
                await connection.execute(sql)
            finally:
                await connection.close(timeout=5)

        with self._lock:
            run_aside(work())


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A short path (a unix socket has room for 100 characters) that PostgreSQL's own account may enter."""
    folder = Path(tempfile.mkdtemp(prefix="merx-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def databases(server_folder: Path) -> Iterator[Databases]:
    if given := os.environ.get("MERX_TEST_DATABASE_URL"):
        yield Databases(given, given=True)
        return
    server = volatile_postgres(server_folder)
    run_here(server.start())
    yield Databases(server.url)
    run_here(server.stop())


def volatile_postgres(folder: Path) -> EmbeddedPostgres:
    """A server for tests in `folder`, not started yet; its data folder is copied from one made once per machine."""
    return EmbeddedPostgres(
        folder / "pg",
        run=folder / "run",
        log=folder / "postgres.log",
        database="postgres",
        durable=False,
        template=cluster_template(),
    )


def cluster_template() -> Path:
    """A data folder fresh from initdb (0.8 s), to be copied (0.1 s)."""
    folder = Path(tempfile.gettempdir()) / f"merx-test-template-{os.geteuid()}-{MAJOR}"
    folder.mkdir(mode=0o755, exist_ok=True)
    assert folder.stat().st_uid == os.geteuid(), f"{folder} belongs to somebody else"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "pg").exists():
            maker = EmbeddedPostgres(
                folder / "pg", run=folder / "run", log=folder / "log", database="postgres", durable=False
            )
            run_here(maker.start())
            run_here(maker.stop())
    return folder / "pg"


@pytest.fixture(scope="session")
def migrated_template(databases: Databases) -> Iterator[str]:
    """A database at the head of the migrations; nobody stays connected to it, so it can be copied."""
    name = databases.create()
    if importlib.util.find_spec("merx.bootstrap.migrate"):
        from merx.bootstrap.migrate import upgrade

        # `upgrade` may run a loop of its own, which is refused where one runs already.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(upgrade, databases.url_of(name)).result()
    yield name
    databases.drop(name)


@pytest.fixture
def database_name(databases: Databases, migrated_template: str) -> Iterator[str]:
    name = databases.create(migrated_template)
    yield name
    databases.drop(name)


@pytest.fixture
def database_url(databases: Databases, database_name: str) -> str:
    return databases.app_url_of(database_name)


@pytest.fixture
def owner_url(databases: Databases, database_name: str) -> str:
    return databases.url_of(database_name)


@pytest.fixture
def empty_database_url(databases: Databases) -> Iterator[str]:
    name = databases.create()
    yield databases.url_of(name)
    databases.drop(name)


@pytest.fixture(scope="session")
def redis_server_url(server_folder: Path) -> Iterator[str]:
    if given := os.environ.get("MERX_TEST_REDIS_URL"):
        yield given
        return
    server = EmbeddedValkey(
        server_folder / "valkey", run=server_folder / "run", log=server_folder / "valkey.log", durable=False
    )
    run_here(server.start())
    yield server.url
    run_here(server.stop())


@pytest.fixture
def redis_url(redis_server_url: str) -> str:
    import redis

    with redis.Redis.from_url(redis_server_url, socket_timeout=5) as client:
        client.flushdb()
    return redis_server_url
