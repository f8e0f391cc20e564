"""Scripts of many callers go to Redis as one command; each sees its own words and gets its own answer."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from merx.infra.limits.scripts import RedisAway, Scripts
from merx.infra.redis import redis_client
from merx.infra.settings import Settings

pytestmark = pytest.mark.services

SEEN = "return {#KEYS, #ARGV, KEYS[1] or 'none', ARGV[#ARGV] or 'none'}"
SUM = "local sum = 0 for _, each in ipairs(ARGV) do sum = sum + tonumber(each) end return sum"


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    client = redis_client(Settings(redis_url=redis_url))
    yield client
    await client.aclose()


async def test_each_caller_sees_its_own_words(client: Redis):
    scripts = Scripts(client, wait=5)
    seen = [scripts.run(SEEN, [f"key{number}"] * (number % 3), [number] * (number % 4)) for number in range(100)]
    sums = [scripts.run(SUM, [], range(number)) for number in range(30)]
    *seen_by, seen_last = await asyncio.gather(*seen, asyncio.gather(*sums))
    assert seen_last == [sum(range(number)) for number in range(30)]
    for number, answer in enumerate(seen_by):
        keys, words = number % 3, number % 4
        key, word = (f"key{number}" if keys else "none"), (str(number) if words else "none")
        assert answer == [keys, words, key.encode(), word.encode()]


async def test_an_empty_word_is_a_word(client: Redis):
    scripts = Scripts(client, wait=5)
    assert await asyncio.gather(*(scripts.run(SEEN, ["a"], ["", ""]) for _ in range(3))) == [[1, 2, b"a", b""]] * 3


async def test_a_script_that_fails_for_one_leaves_other_scripts_alone(client: Redis):
    scripts = Scripts(client, wait=5)
    fails = "if ARGV[1] == '2' then error('two') end return 1"
    answers = await asyncio.gather(
        *(scripts.run(fails, [], [number]) for number in range(4)), scripts.run(SUM, [], [1, 2]), return_exceptions=True
    )
    assert [type(answer) for answer in answers] == [RedisAway] * 4 + [int]


async def test_a_server_that_forgot_them_is_told_again(client: Redis):
    scripts = Scripts(client, wait=5)
    assert await scripts.run(SUM, [], [1]) == 1
    await client.script_flush()
    assert await asyncio.gather(scripts.run(SUM, [], [2, 3]), scripts.run(SEEN, ["k"], [])) == [
        5,
        [1, 0, b"k", b"none"],
    ]


class Commands:
    """A client that counts the scripts which are sent to the server."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self.sent = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def pipeline(self, *, transaction: bool) -> "CountedPipeline":
        return CountedPipeline(self, self._client.pipeline(transaction=transaction))


class CountedPipeline:
    def __init__(self, commands: Commands, pipeline: Any) -> None:
        self._commands = commands
        self._pipeline = pipeline

    def evalsha(self, *words: Any) -> None:
        self._commands.sent += 1
        self._pipeline.evalsha(*words)

    async def execute(self, *, raise_on_error: bool) -> Any:
        return await self._pipeline.execute(raise_on_error=raise_on_error)


async def test_callers_of_one_moment_are_one_command_for_each_script(client: Redis):
    commands = Commands(client)
    scripts = Scripts(commands, wait=5)  # type: ignore[arg-type]  # all that is asked of it
    await asyncio.gather(scripts.run(SUM, [], [1]), scripts.run(SEEN, [], []))
    commands.sent = 0
    await asyncio.gather(*(scripts.run(script, [], [1]) for _ in range(20) for script in (SUM, SEEN)))
    assert commands.sent == 2
