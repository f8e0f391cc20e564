"""One shop for all tests: it is taken back after each call."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from merx.bootstrap.container import App
from merx.infra.settings import Settings
from tests.matrix.shop import METRICS_TOKEN, Shop, one_shop
from tests.support.servers import Databases


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shop() -> Shop:
    return await one_shop()


@pytest.fixture(scope="module")
def postgres_settings(
    databases: Databases, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    name = databases.create(migrated_template)
    folder: Path = tmp_path_factory.mktemp("shop")
    yield Settings(database_url=databases.app_url_of(name), data_dir=str(folder), metrics_token=METRICS_TOKEN)
    databases.drop(name)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def postgres_shop(postgres_settings: Settings) -> AsyncIterator[Shop]:
    app = App(postgres_settings)
    shop = Shop(app)
    # Nobody listens to the database here: rights and keys are looked up at each request.
    app.staff_door.suspend()
    app.api_key_door.suspend()
    app.cache.suspend()
    await shop.open()
    yield shop
    await shop.close()
