"""One shop for all tests of a module: it is taken back after each call."""

from collections.abc import AsyncIterator

import pytest_asyncio

from merx.bootstrap.container import App
from tests.matrix.shop import SETTINGS, Shop


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop() -> AsyncIterator[Shop]:
    shop = Shop(App(SETTINGS))
    await shop.open()
    yield shop
    await shop.close()
