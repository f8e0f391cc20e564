"""The fixtures that every services test stands on."""

import asyncpg
import pytest
import redis.asyncio

pytestmark = pytest.mark.services


@pytest.mark.parametrize("run", [1, 2])
async def test_each_test_has_a_database_of_its_own(empty_database_url: str, run: int) -> None:
    connection = await asyncpg.connect(empty_database_url, timeout=5)
    await connection.execute("create table only_here (id int)")
    assert await connection.fetchval("select current_setting('fsync')") == "off"
    assert await connection.fetchval("select lower('ÄÖÜ')") == "äöü"
    await connection.close()


async def test_a_copy_of_the_migrated_schema(database_url: str) -> None:
    connection = await asyncpg.connect(database_url, timeout=5)
    assert await connection.fetchval("select 1") == 1
    await connection.close()


@pytest.mark.parametrize("run", [1, 2])
async def test_each_test_has_an_empty_redis(redis_url: str, run: int) -> None:
    async with redis.asyncio.Redis.from_url(redis_url, socket_timeout=1) as client:
        assert await client.dbsize() == 0
        await client.set("k", run)
