"""Both storages, so that one suite of contract tests runs on the fake and on the real thing."""

from collections.abc import AsyncIterator

import pytest

from merx.infra.postgres import Database
from merx.infra.settings import Settings
from tests.support.shelf import Storage, memory_storage, postgres_storage


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(Settings(database_url=database_url))
    yield database
    await database.close()


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.services)])
def storage_url(request: pytest.FixtureRequest) -> str:
    """Empty for memory. Synchronous: fixtures that start servers cannot be asked for inside a running loop."""
    return "" if request.param == "memory" else str(request.getfixturevalue("database_url"))


@pytest.fixture
async def storage(storage_url: str) -> AsyncIterator[Storage]:
    if not storage_url:
        yield memory_storage()
        return
    database = Database(Settings(database_url=storage_url))
    yield await postgres_storage(database)
    await database.close()
