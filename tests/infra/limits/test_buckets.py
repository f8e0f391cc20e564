"""What every kind of bucket promises, and what happens when Redis is away."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from time import perf_counter
from typing import Any

import pytest

from merx.infra.limits.buckets import Ask, Buckets, Limit, Taken
from merx.infra.limits.local import LocalBuckets
from merx.infra.limits.redis_buckets import RedisBuckets, SharedBuckets
from merx.infra.limits.scripts import RedisAway, Scripts
from merx.infra.redis import redis_client
from merx.infra.settings import Settings

PORTS: list[type[Buckets]] = [LocalBuckets, RedisBuckets, SharedBuckets]
KEY = b"k" * 32
TEN = Limit(10, 60)
THREE = Limit(3, 60)


class Now:
    seconds = 1_900_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture(params=["local", pytest.param("redis", marks=pytest.mark.services)])
def buckets_url(request: pytest.FixtureRequest) -> str:
    return "" if request.param == "local" else str(request.getfixturevalue("redis_url"))


@pytest.fixture
async def buckets(buckets_url: str, now: Now) -> AsyncIterator[Buckets]:
    if not buckets_url:
        yield LocalBuckets(now)
        return
    client = redis_client(Settings(redis_url=buckets_url))
    # A busy machine is no reason for another answer here.
    yield RedisBuckets(Scripts(client, wait=5), KEY, now)
    await client.aclose()


class Comeback:
    """A client of one server, later of another."""

    def __init__(self, first: str, later: str) -> None:
        self._client, self._later = (redis_client(Settings(redis_url=url)) for url in (first, later))

    async def comes_back(self) -> None:
        await self._client.aclose()
        self._client = self._later

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


async def allowed(buckets: Buckets, number: int, *asks: Ask) -> int:
    return sum([(await buckets.take(asks)).allowed for _ in range(number)])


class TestEveryKind:
    async def test_so_many_at_once_and_no_more(self, buckets):
        left = [(await buckets.take([("a", TEN)])).remaining for _ in range(10)]
        assert left == list(range(9, -1, -1))
        refused = await buckets.take([("a", TEN)])
        assert refused == Taken(False, 10, 0, pytest.approx(60), pytest.approx(6))

    async def test_tokens_come_back_one_by_one(self, buckets, now):
        assert await allowed(buckets, 20, ("a", TEN)) == 10
        now.seconds += 5.9
        assert await allowed(buckets, 1, ("a", TEN)) == 0
        now.seconds += 0.2
        assert await allowed(buckets, 5, ("a", TEN)) == 1
        now.seconds += 600
        assert await allowed(buckets, 20, ("a", TEN)) == 10

    async def test_being_refused_costs_nothing(self, buckets, now):
        assert await allowed(buckets, 1000, ("a", TEN)) == 10
        assert (await buckets.take([("a", TEN)])).wait == pytest.approx(6)

    async def test_buckets_are_apart(self, buckets):
        assert await allowed(buckets, 11, ("a", TEN)) == 10
        assert await allowed(buckets, 11, ("b", TEN)) == 10

    async def test_all_or_none(self, buckets):
        assert await allowed(buckets, 5, ("narrow", THREE), ("wide", TEN)) == 3
        assert await allowed(buckets, 20, ("wide", TEN)) == 7

    async def test_the_scarcest_is_told(self, buckets):
        taken = await buckets.take([("wide", TEN), ("narrow", THREE)])
        assert (taken.limit, taken.remaining, taken.reset) == (3, 2, pytest.approx(20))
        await allowed(buckets, 2, ("narrow", THREE))
        refused = await buckets.take([("wide", TEN), ("narrow", THREE)])
        assert (refused.allowed, refused.limit, refused.wait) == (False, 3, pytest.approx(20))

    async def test_parallel_asks_share_one_count(self, buckets):
        answers = await asyncio.gather(*(buckets.take([("a", TEN), ("b", THREE)]) for _ in range(200)))
        assert sum(taken.allowed for taken in answers) == 3


class TestLocal:
    def test_buckets_do_not_grow_without_end(self, now):
        buckets = LocalBuckets(now, most=100)
        for number in range(10_000):
            buckets.take_now([(f"a{number}", TEN)])
        assert len(buckets._young) + len(buckets._old) <= 101

    def test_who_is_refused_pushes_nobody_out(self, now):
        buckets = LocalBuckets(now, most=100)
        assert [buckets.take_now([("victim", THREE)]).allowed for _ in range(4)] == [True, True, True, False]
        assert buckets.take_now([("flood", Limit(1))]).allowed
        for number in range(10_000):
            assert not buckets.take_now([(f"a{number}", TEN), ("flood", Limit(1))]).allowed
        assert not buckets.take_now([("victim", THREE)]).allowed


class Away:
    calls = 0

    async def take(self, _: Sequence[Ask]) -> Taken:
        self.calls += 1
        raise RedisAway


async def test_without_redis_each_process_counts():
    buckets = SharedBuckets(Away(), LocalBuckets())
    assert await allowed(buckets, 50, ("a", TEN)) == 10


@pytest.mark.services
class TestRedis:
    async def test_processes_share_one_count(self, redis_url):
        clients = [redis_client(Settings(redis_url=redis_url)) for _ in range(4)]
        processes = [RedisBuckets(Scripts(client, wait=5), KEY) for client in clients]
        answers = await asyncio.gather(
            *(each.take([("checkout@192.0.2.1", TEN)]) for _ in range(100) for each in processes)
        )
        assert sum(taken.allowed for taken in answers) == 10
        keys = await clients[0].keys("*")
        assert len(keys) == 1
        assert keys[0].startswith(b"merx:limit:")
        assert b"192.0.2.1" not in keys[0]
        assert 0 < await clients[0].pttl(keys[0]) <= 60_000
        for client in clients:
            await client.aclose()

    async def test_a_server_that_says_nothing_costs_50_ms_once(self):
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            deaf.listen(64)
            client = redis_client(Settings(redis_url=f"redis://127.0.0.1:{deaf.getsockname()[1]}/0"))
            buckets = SharedBuckets(RedisBuckets(Scripts(client), KEY), LocalBuckets())
            began = perf_counter()
            answers = await asyncio.gather(*(buckets.take([("a", TEN)]) for _ in range(100)))
            took = perf_counter() - began
            assert sum(taken.allowed for taken in answers) == 10
            assert 0.04 < took < 0.5
            began = perf_counter()
            assert await allowed(buckets, 100, ("b", TEN)) == 10
            assert perf_counter() - began < 0.05
            await asyncio.sleep(0.6)
            await client.aclose()

    async def test_a_server_that_takes_no_writes_is_as_good_as_away(self, redis_url):
        client = redis_client(Settings(redis_url=redis_url))
        scripts = Scripts(client, wait=5)
        with pytest.raises(RedisAway):
            await scripts.run("return redis.error_reply('OOM command not allowed')", [], [])
        with pytest.raises(RedisAway):
            await scripts.run("return 1", [], [])
        await client.aclose()

    async def test_redis_is_asked_again_when_it_has_rested(self, redis_url):
        client = Comeback("redis://127.0.0.1:1/0", redis_url)
        scripts = Scripts(client, rest=0.05, wait=5)
        with pytest.raises(RedisAway):
            await scripts.run("return 1", [], [])
        await client.comes_back()
        with pytest.raises(RedisAway):
            await scripts.run("return 1", [], [])
        await asyncio.sleep(0.06)
        assert await scripts.run("return 1", [], []) == 1
        await client.aclose()


def test_new_buckets_push_out_only_what_was_not_used_for_long(now: Now):
    buckets = LocalBuckets(now, most=8)
    for _ in range(THREE.tokens):
        assert buckets.take_now([("mine", THREE)]).allowed
    for number in range(4):
        buckets.take_now([(f"other {number}", THREE)])
    assert not buckets.take_now([("mine", THREE)]).allowed
    for number in range(4, 12):
        buckets.take_now([(f"other {number}", THREE)])
    assert buckets.take_now([("mine", THREE)]).allowed
