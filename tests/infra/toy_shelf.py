"""What is on the toy shelf and in its outbox, and waiting for that."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from merx.infra.postgres import compiled
from tests.support.shelf import Storage

SHELF_COUNT = compiled("select count(*) from toy.shelf")


NAMES = compiled("select name from toy.shelf order by name")


STATES = compiled("select subscriber, state, attempts, failures from platform.outbox_delivery order by id")


async def until(condition: Callable[[], Awaitable[bool]], seconds: float) -> float:
    start = time.monotonic()
    while not await condition():
        assert time.monotonic() - start < seconds, f"not within {seconds} s"
        await asyncio.sleep(0.05)
    return time.monotonic() - start


async def names(storage: Storage) -> list[str]:
    assert storage.database is not None
    return [row["name"] for row in await storage.database.reader.fetch(NAMES)]


async def states(storage: Storage) -> list[tuple[Any, ...]]:
    assert storage.database is not None
    return [tuple(row) for row in await storage.database.reader.fetch(STATES)]


def leased(storage: Storage, count: int = 1) -> Callable[[], Awaitable[bool]]:
    async def condition() -> bool:
        return sum(row[2] > 0 for row in await states(storage)) >= count

    return condition
