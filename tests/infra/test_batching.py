"""Several keys of one caller travel with those of others."""

import asyncio
import gc

import pytest

from merx.infra.batching import BatchLoader
from merx.kernel.errors import Unavailable


class Source:
    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.fails = False

    async def fetch(self, keys: list[int]) -> dict[int, str]:
        self.asked.append(keys)
        await asyncio.sleep(0.01)
        if self.fails:
            raise OSError("gone")
        return {key: str(key) for key in keys if key > 0}


async def test_callers_of_one_moment_share_a_query():
    source = Source()
    loader = BatchLoader(source.fetch)
    answers = await asyncio.gather(loader.get_many([1, 2, -1]), loader.get_many([2, 3, 3]), loader.get(3))
    assert answers == [{1: "1", 2: "2"}, {2: "2", 3: "3"}, "3"]
    assert sorted(key for keys in source.asked for key in keys) == [-1, 1, 2, 3]
    assert await loader.get_many([]) == {}


async def test_a_failure_reaches_everybody_and_leaves_nothing_behind(caplog):
    source = Source()
    source.fails = True
    loader = BatchLoader(source.fetch)
    results = await asyncio.gather(loader.get_many([1, 2]), loader.get_many([2, 3]), return_exceptions=True)
    assert [type(result) for result in results] == [OSError, OSError]
    given_up = asyncio.create_task(loader.get_many([4, 5]))
    await asyncio.sleep(0)
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    await asyncio.sleep(0.03)
    # Of the young alone: what this test made is among them, and all the others take a third of a second.
    gc.collect(1)
    assert "never retrieved" not in caplog.text
    source.fails = False
    assert await loader.get_many([1]) == {1: "1"}


async def test_who_waits_for_a_query_that_is_cancelled_may_come_again():
    async def never(keys: list[int]) -> dict[int, str]:
        await asyncio.sleep(60)
        return {}

    loader = BatchLoader(never)
    before = asyncio.all_tasks()
    waiting = asyncio.create_task(loader.get(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    (pump,) = asyncio.all_tasks() - before - {waiting}
    pump.cancel()
    with pytest.raises(Unavailable):
        await waiting
