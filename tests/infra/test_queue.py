"""The queue in Redis that wakes workers up, and what it never holds up."""

import asyncio
import time
from typing import Any

import pytest
from redis.asyncio import Redis

from merx.infra.outbox.deliver import Deliverer
from merx.infra.outbox.events import Subscriber
from merx.infra.outbox.postgres import PostgresOutbox
from merx.infra.outbox.postgres_deliveries import PostgresDeliveries
from merx.infra.outbox.relay import Relay
from merx.infra.redis import redis_client
from merx.infra.settings import Settings
from merx.infra.tasks.broker import GROUP, StreamBroker
from merx.infra.tasks.nudge import STREAM, QueueNudge
from merx.infra.tasks.receiver import receive
from merx.kernel.ids import new_id
from tests.infra.toy_shelf import until
from tests.support.shelf import PostgresShelves, Shelved, Storage, shelved

pytestmark = pytest.mark.services


async def listening(broker: StreamBroker, taken: asyncio.Queue[Any]) -> None:
    async for message in broker.listen():
        taken.put_nowait(message)


async def test_a_message_sent_before_the_first_worker_is_heard(redis: Redis, redis_url: str) -> None:
    nudge = QueueNudge(redis)
    nudge([new_id()])
    await nudge.close()
    broker, taken = StreamBroker(Settings(redis_url=redis_url), block=100), asyncio.Queue[Any]()
    task = asyncio.create_task(listening(broker, taken))
    message = await asyncio.wait_for(taken.get(), 3)
    await message.ack()
    assert await redis.xlen(STREAM) == 0
    task.cancel()
    await broker.shutdown()
    assert await redis.xinfo_consumers(STREAM, GROUP) == []


async def test_a_worker_that_is_stopped_while_it_begins_to_listen_stops(redis_url: str) -> None:
    """One word must be enough: taskiq says it once, and waits."""
    for turns in range(40):
        broker = StreamBroker(Settings(redis_url=redis_url), block=50)
        task = asyncio.create_task(listening(broker, asyncio.Queue()))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=2)
        assert done, f"after {turns} turns of the loop"
        await broker.shutdown()


async def test_a_dead_workers_message_is_taken_over_on_an_idle_queue(redis: Redis, redis_url: str) -> None:
    settings = Settings(redis_url=redis_url)
    nudge = QueueNudge(redis)
    nudge([new_id()])
    await nudge.close()
    taken: asyncio.Queue[Any] = asyncio.Queue()
    dead = asyncio.create_task(listening(StreamBroker(settings, idle=300, block=50), taken))
    await asyncio.wait_for(taken.get(), 3)
    dead.cancel()
    heir = asyncio.create_task(listening(StreamBroker(settings, idle=300, block=50), taken))
    await asyncio.wait_for(taken.get(), 3)

    # Nobody ever acknowledges it: after five tries it is dropped, for its deliveries are counted in PostgreSQL.
    async def dropped() -> bool:
        return await redis.xlen(STREAM) == 0

    await until(dropped, 10)
    heir.cancel()


async def test_nudges_are_collected_and_rest_while_redis_is_away(redis: Redis) -> None:
    nudge = QueueNudge(redis)
    for _ in range(100):
        nudge([new_id()])
    await nudge.close()
    assert await redis.xlen(STREAM) == 4
    away = redis_client(Settings(redis_url="redis://127.0.0.1:1/0"))
    broken = QueueNudge(away, rest=0.2)
    start = time.monotonic()
    for _ in range(1000):
        broken([new_id()])
    assert time.monotonic() - start < 0.1
    await broken.close()
    assert broken._closed_until > 0
    broken([new_id()])
    assert broken._waiting == []
    await away.aclose()


async def test_a_nudge_runs_the_delivery_at_once(toy: Storage, redis: Redis, redis_url: str) -> None:
    """The relay sleeps for a minute here: only the message can be the reason."""
    assert toy.database is not None
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def hear(event: Shelved) -> None:
        heard.put_nowait(event.name)

    toy.registry.add(Subscriber("toy.hear", Shelved, hear))
    deliverer = Deliverer(PostgresDeliveries(toy.database), toy.registry)
    relay = Relay(deliverer, every=60)
    relay.start()
    broker = StreamBroker(Settings(redis_url=redis_url))
    task = asyncio.create_task(receive(broker, deliverer, relay))
    await asyncio.sleep(0.5)
    nudge = QueueNudge(redis)
    async with PostgresShelves(toy.database, PostgresOutbox(toy.registry, nudge)) as uow:
        uow.emit(*shelved(["A"]))
        start = time.monotonic()
        await uow.commit()
    assert await asyncio.wait_for(heard.get(), 2) == "A"
    print(f"heard after {(time.monotonic() - start) * 1000:.1f} ms")
    # Unknown and broken messages are dropped without harm.
    await redis.xadd(STREAM, {"data": b"\xff not json"})
    await redis.xadd(STREAM, {"data": b'{"task_id":"1","task_name":"no.such","labels":{},"args":[],"kwargs":{}}'})

    async def empty() -> bool:
        return await redis.xlen(STREAM) == 0

    await until(empty, 5)
    task.cancel()
    await relay.stop()
    await broker.shutdown()


async def test_a_slow_redis_never_holds_a_request(toy: Storage) -> None:
    """A server that accepts and never answers."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = redis_client(Settings(redis_url=f"redis://127.0.0.1:{port}/0"))
    assert toy.database is not None
    nudge = QueueNudge(client)
    start = time.monotonic()
    async with PostgresShelves(toy.database, PostgresOutbox(toy.registry, nudge)) as uow:
        uow.emit(*shelved(["A"]))
        await uow.commit()
    assert time.monotonic() - start < 0.2
    await asyncio.wait_for(nudge.close(), 1.5)
    assert nudge._closed_until > 0
    await client.aclose()
    server.close()
