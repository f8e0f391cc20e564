"""Both storages, so that one suite of contract tests runs on the fake and on the real thing."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis

from merx.infra.outbox.deliver import Deliverer
from merx.infra.outbox.deliveries import Deliveries
from merx.infra.outbox.events import Subscriber
from merx.infra.outbox.memory_deliveries import MemoryDeliveries
from merx.infra.outbox.postgres_deliveries import PostgresDeliveries
from merx.infra.postgres import Database
from merx.infra.redis import redis_client
from merx.infra.settings import Settings
from tests.support.servers import Databases, run_aside
from tests.support.shelf import EMPTY, NOW, Shelved, Storage, make_toy_tables, memory_storage, postgres_storage


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(Settings(database_url=database_url))
    yield database
    await database.close()


@pytest.fixture(scope="session")
def toy_database_url(databases: Databases, migrated_template: str) -> Iterator[str]:
    """One database with the toy tables for all these tests: emptying it is far cheaper than a new one each."""
    name = databases.create(migrated_template)

    async def prepare() -> None:
        database = Database(Settings(database_url=databases.url_of(name)))
        await make_toy_tables(database)
        await database.close()

    run_aside(prepare())
    yield databases.url_of(name)
    databases.drop(name)


@pytest.fixture
def toy_url(toy_database_url: str) -> str:
    async def empty() -> None:
        connection = await asyncpg.connect(toy_database_url)
        await connection.execute(EMPTY)
        await connection.close()

    run_aside(empty())
    return toy_database_url


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.services)])
def storage_url(request: pytest.FixtureRequest) -> str:
    """Empty for memory. Synchronous: fixtures that start servers cannot be asked for inside a running loop."""
    return "" if request.param == "memory" else str(request.getfixturevalue("toy_url"))


@pytest.fixture
async def storage(storage_url: str) -> AsyncIterator[Storage]:
    if not storage_url:
        yield memory_storage()
        return
    database = Database(Settings(database_url=storage_url))
    yield await postgres_storage(database, tables=False)
    await database.close()


@pytest.fixture
def deliveries(storage: Storage) -> Deliveries:
    if storage.store is not None:
        return MemoryDeliveries(storage.store)
    assert storage.database is not None
    return PostgresDeliveries(storage.database)


@pytest.fixture
def deliverer(storage: Storage, deliveries: Deliveries) -> Deliverer:
    return Deliverer(deliveries, storage.registry, retry_in=lambda _: NOW)


@pytest.fixture
async def toy(toy_url: str) -> AsyncIterator[Storage]:
    database = Database(Settings(database_url=toy_url))
    storage = await postgres_storage(database, tables=False)

    async def elsewhere(event: Shelved, uow: Any) -> None:
        """Runs in the toy worker; here only its name is needed."""

    storage.registry.add(Subscriber("toy.put", Shelved, elsewhere, storage.uow))
    yield storage
    await database.close()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = redis_client(Settings(redis_url=redis_url))
    yield client
    await client.aclose()
