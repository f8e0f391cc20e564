"""Whole answers in memory: bounded, dropped by tag, and never older than what a writer put."""

import asyncio

import pytest

from merx.infra.batching import BatchLoader
from merx.infra.cache import ByteCache, CachedResponse, cached_response
from merx.infra.postgres import Database, PostgresUow
from merx.infra.postgres.listener import CacheListener
from merx.infra.settings import Settings


def answer(text: str = "x", size: int = 10) -> CachedResponse:
    return cached_response(text.encode() * size, 5)


def put(cache: ByteCache, key: str, *tags: str, size: int = 10, ttl: float = 60) -> None:
    cache.store(key.encode(), answer(size=size), tags, ttl, cache.began())


def test_kept_until_a_tag_is_dropped():
    cache = ByteCache(100_000)
    put(cache, "a", "product:1", "listings")
    put(cache, "b", "product:2", "listings")
    cache.invalidate(["product:1"])
    assert cache.get(b"a") is None
    assert cache.get(b"b") is not None
    cache.invalidate(["listings"])
    assert len(cache) == 0


def test_what_was_read_before_a_change_is_not_kept_after_it():
    cache = ByteCache(100_000)
    began = cache.began()
    cache.invalidate(["product:1"])
    cache.store(b"a", answer(), ("product:1",), 60, began)
    assert cache.get(b"a") is None
    cache.store(b"b", answer(), ("product:2",), 60, began)
    assert cache.get(b"b") is not None
    began = cache.began()
    cache.invalidate(["*"])
    cache.store(b"c", answer(), ("product:3",), 60, began)
    assert (cache.get(b"b"), cache.get(b"c")) == (None, None)


def test_answers_grow_old():
    now = [0.0]
    cache = ByteCache(100_000, lambda: now[0])
    put(cache, "a", "t", ttl=5)
    now[0] = 4.9
    assert cache.get(b"a") is not None
    now[0] = 5.1
    assert cache.get(b"a") is None


def test_memory_is_bounded_and_the_least_used_goes_first():
    cache = ByteCache(20_000)
    put(cache, "used", "t", size=1000)
    put(cache, "unused", "t", size=1000)
    for number in range(100):
        put(cache, f"more{number}", "t", size=1000)
        assert cache.get(b"used") is not None
    assert cache.get(b"unused") is None
    assert len(cache) == 20_000 // 1_504
    put(cache, "huge", "t", size=50_000)
    assert cache.get(b"huge") is None


def test_deaf_means_silent():
    cache = ByteCache(100_000)
    put(cache, "a", "t")
    cache.suspend()
    assert (cache.get(b"a"), cache.enabled) == (None, False)
    put(cache, "a", "t")
    assert cache.get(b"a") is None
    cache.resume()
    put(cache, "a", "t")
    assert cache.get(b"a") is not None
    off = ByteCache(0)
    put(off, "a", "t")
    assert off.get(b"a") is None


async def test_lookups_of_one_instant_travel_together():
    asked: list[list[int]] = []

    async def fetch(keys: list[int]) -> dict[int, str]:
        asked.append(keys)
        await asyncio.sleep(0.001)
        if 13 in keys:
            raise ConnectionError("away")
        return {key: str(key) for key in keys if key < 100}

    loader: BatchLoader[int, str] = BatchLoader(fetch)
    found = await asyncio.gather(*(loader.get(key) for key in [1, 2, 2, 3, 500]))
    assert found == ["1", "2", "2", "3", None]
    assert sorted(key for keys in asked for key in keys) == [1, 2, 3, 500]
    with pytest.raises(ConnectionError):
        await loader.get(13)
    assert await loader.get(4) == "4"


class NoOutbox:
    async def write(self, *_: object) -> list[object]:
        return []

    def nudge(self, _: object) -> None: ...


@pytest.mark.services
async def test_every_process_hears_of_a_commit_and_only_of_a_commit(database_url: str):
    database = Database(Settings(database_url=database_url))
    cache = ByteCache(100_000)
    listener = CacheListener(database, cache)
    listener.start()
    try:
        async with asyncio.timeout(10):
            while not cache.enabled:
                await asyncio.sleep(0.01)
            put(cache, "a", "product:1")
            async with PostgresUow(database, NoOutbox()) as uow:
                uow.invalidate("product:1")
            await asyncio.sleep(0.05)
            assert cache.get(b"a") is not None
            async with PostgresUow(database, NoOutbox()) as uow:
                uow.invalidate("product:1")
                await uow.commit()
            while cache.get(b"a") is not None:
                await asyncio.sleep(0.001)
            # The server ends the connection: nothing is served until somebody listens again.
            put(cache, "b", "product:2")
            async with PostgresUow(database, NoOutbox()) as uow:
                await uow.tx.driver.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    "where query ilike '%listen%' and pid <> pg_backend_pid() and datname = current_database()"
                )
            while cache.get(b"b") is not None:
                await asyncio.sleep(0.001)
            while not cache.enabled:
                await asyncio.sleep(0.01)
    finally:
        await listener.stop()
        await database.close()
