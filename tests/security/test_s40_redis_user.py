"""S40: in Redis, Merx is a user that may do what Merx does and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, RedisError, ResponseError

from merx.contexts.identity.adapters.shared_throttle import RedisThrottle
from merx.infra.embedded import EmbeddedValkey
from merx.infra.limits.buckets import Limit
from merx.infra.limits.redis_buckets import RedisBuckets
from merx.infra.limits.scripts import Scripts
from merx.infra.redis import probe, redis_client
from merx.infra.redis_user import COMMANDS, PREFIX, RULES, USER
from merx.infra.settings import Settings
from merx.infra.tasks.broker import StreamBroker
from merx.infra.tasks.nudge import STREAM, QueueNudge
from merx.kernel.errors import RateLimited

pytestmark = pytest.mark.services

PASSWORD = "0123456789abcdef" * 3


@pytest.fixture
async def valkey(server_folder: Path) -> AsyncIterator[EmbeddedValkey]:
    """One of its own: what users do on a server is counted for all of them together."""
    folder = server_folder / f"user-{uuid4().hex[:6]}"
    server = EmbeddedValkey(folder, run=folder / "run", log=server_folder / f"{folder.name}.log", durable=False)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def admin(valkey: EmbeddedValkey) -> AsyncIterator[Redis]:
    async with Redis.from_url(valkey.url) as client:
        await client.execute_command("ACL", "SETUSER", USER, "reset", "on", f">{PASSWORD}", *RULES.split())
        yield client


@pytest.fixture
def settings(valkey: EmbeddedValkey, admin: Redis) -> Settings:
    # Another database than the first: choosing one is a command too.
    url = valkey.url.replace("unix://", f"unix://{USER}:{PASSWORD}@").replace("db=0", "db=1")
    return Settings(redis_url=url, redis_timeout_ms=5_000)


async def limits(client: Redis) -> None:
    """What the API does for a request, and at the door."""
    scripts = Scripts(client, wait=5)
    buckets = RedisBuckets(scripts, b"k" * 32)
    taken = [(await buckets.take([("a", Limit(3, 60)), ("b", Limit(9, 60))])).allowed for _ in range(5)]
    assert taken == [True] * 3 + [False] * 2
    throttle = RedisThrottle(scripts, b"k" * 32)
    await throttle.begin("login", "ada", "192.0.2.1")
    await throttle.succeeded("login", "ada", "192.0.2.1")
    refused = 0
    for _ in range(200):
        try:
            await throttle.begin("login", "eve", "192.0.2.1")
        except RateLimited:
            refused += 1
    assert refused
    await probe(client)


async def forgotten(client: Redis, admin: Redis) -> None:
    """A count so old that the script removes it itself."""
    for key in await client_keys(admin, "merx:throttle:*"):
        await admin.hset(key, mapping={"until": 0, "seen": 1}) if await admin.type(key) == b"hash" else None
    await RedisThrottle(Scripts(client, wait=5), b"k" * 32).begin("login", "eve", "192.0.2.1")


async def client_keys(admin: Redis, pattern: str) -> list[bytes]:
    return [key async for key in admin.scan_iter(match=pattern)]


async def the_queue(settings: Settings, client: Redis) -> None:
    """API and scheduler tell, a worker hears; another takes what a dead one left and sends its name away."""
    nudge = QueueNudge(client)
    nudge([uuid4()])
    await nudge.close()
    dead = StreamBroker(settings, idle=50, block=50)
    await anext(dead.listen())
    await asyncio.sleep(0.1)
    heir = StreamBroker(settings, idle=50, block=50)
    taken = await anext(heir.listen())
    await taken.ack()
    assert await client_length(settings) == 0
    await heir.shutdown()
    await dead.shutdown()


async def client_length(settings: Settings) -> int:
    admin = Redis.from_url(settings.redis_url.replace(f"{USER}:{PASSWORD}@", ""))
    async with admin:
        return int(await admin.xlen(STREAM))


async def used(admin: Redis) -> set[str]:
    """Commands that ran or were tried since the counts were set to nothing, as access rules name them."""
    return {name.removeprefix("cmdstat_") for name in await admin.info("commandstats")}


async def test_s40_merx_does_everything_as_its_user_and_the_rules_name_nothing_more(settings: Settings, admin: Redis):
    admins_own = {"acl|log", "config|resetstat", "info", "hset", "type", "scan", "xlen", "select"}
    await admin.select(1)
    await admin.config_resetstat()
    async with redis_client(settings) as client:
        await limits(client)
        await the_queue(settings, client)
    without_admin = await used(admin)
    async with redis_client(settings) as client:
        await forgotten(client, admin)
    assert await admin.execute_command("ACL", "LOG") == []
    # An open door for whoever connects: these are asked of nobody.
    assert without_admin | {"del"} >= set(COMMANDS), set(COMMANDS) - without_admin
    assert without_admin - set(COMMANDS) <= {"hello", "auth"} | admins_own
    assert all(key.startswith(PREFIX.encode()) for key in await client_keys(admin, "*"))


async def test_s40_and_nothing_else(settings: Settings, admin: Redis):
    await admin.select(1)
    await admin.set("others", "x")
    await admin.hset("others-too", "a", "x")
    refused, opened = [], []
    async with redis_client(settings) as client:
        digest = await client.script_load("return redis.call('GET', KEYS[1])")
        hidden = await client.script_load("return redis.call('GET', 'others')")
        emptied = await client.script_load("return redis.call('FLUSHALL')")
        for words in (
            *(["FLUSHALL"], ["FLUSHDB"], ["CONFIG", "GET", "*"], ["CONFIG", "SET", "dir", "/var"], ["SHUTDOWN"]),
            *(["KEYS", "*"], ["SCAN", "0"], ["DBSIZE"], ["RANDOMKEY"], ["INFO"], ["MONITOR"], ["CLIENT", "LIST"]),
            *(["ACL", "LIST"], ["ACL", "SETUSER", USER, "+@all"], ["ACL", "WHOAMI"]),
            *(["SAVE"], ["BGREWRITEAOF"], ["REPLICAOF", "evil.example", "6379"], ["MODULE", "LIST"]),
            *(["MIGRATE", "evil.example", "6379", "merx:x", "0", "1"], ["FUNCTION", "LIST"], ["SCRIPT", "FLUSH"]),
            *(["EVAL", "return 1", "0"], ["SUBSCRIBE", "x"], ["PUBLISH", "x", "y"], ["SWAPDB", "0", "1"]),
            *(["GET", "others"], ["SET", "others", "y"], ["DEL", "others"], ["HGET", "others-too", "a"]),
            *(["GET", "merx"], ["GET", "merx-others"], ["GET", "Merx:x"], ["XADD", "others", "*", "a", "b"]),
            *(["DUMP", "merx:x"], ["RESTORE", "merx:x", "0", "x"], ["RENAME", "merx:x", "merx:y"]),
            *(["COPY", "merx:x", "others"], ["SORT", "merx:x", "STORE", "others"], ["OBJECT", "HELP"]),
            *(["EVALSHA", digest, "1", "others"], ["EVALSHA", hidden, "0"], ["EVALSHA", emptied, "0"]),
        ):
            try:
                await client.execute_command(*words)
            except NoPermissionError:
                refused.append(words)
            except ResponseError as error:
                # What a script may not do, it says in its own words.
                (refused if "ACL failure" in str(error) or "NOPERM" in str(error) else opened).append(words)
            else:
                opened.append(words)
        assert opened == []
        assert await client.evalsha(digest, 1, STREAM + "x") is None, "its own keys are open"
    assert (await admin.get("others"), await admin.hget("others-too", "a")) == (b"x", b"x")
    assert len(refused) > 40


async def test_s40_nobody_without_a_name_or_with_a_wrong_word(settings: Settings, admin: Redis):
    await admin.execute_command("ACL", "SETUSER", "default", "off")
    try:
        for url in (
            settings.redis_url.replace(f"{USER}:{PASSWORD}@", ""),
            settings.redis_url.replace(PASSWORD, "wrong"),
        ):
            async with redis_client(Settings(redis_url=url)) as client:
                with pytest.raises(RedisError):
                    await client.ping()
        async with redis_client(settings) as client:
            assert await client.ping()
    finally:
        await admin.execute_command("ACL", "SETUSER", "default", "on")
