"""Workers that are killed, poisoned, left without Redis: nothing is lost, nothing is done twice."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from merx.bootstrap.worker import alive
from merx.infra.outbox.deliver import Deliverer
from merx.infra.outbox.deliveries import Leased
from merx.infra.outbox.events import Subscriber
from merx.infra.outbox.postgres import PostgresOutbox
from merx.infra.outbox.postgres_deliveries import PostgresDeliveries
from merx.infra.outbox.relay import Relay
from merx.infra.postgres import Database, compiled
from merx.infra.redis import redis_client
from merx.infra.settings import Settings
from merx.infra.tasks.broker import GROUP, StreamBroker
from merx.infra.tasks.nudge import STREAM, QueueNudge
from merx.infra.tasks.receiver import receive
from merx.kernel.ids import new_id
from tests.support.shelf import PostgresShelves, Shelf, Shelved, Storage, postgres_storage, shelved
from tests.support.toy_worker import toy_worker

pytestmark = pytest.mark.services

SHELF_COUNT = compiled("select count(*) from toy.shelf")
NAMES = compiled("select name from toy.shelf order by name")
STATES = compiled("select subscriber, state, attempts, failures from platform.outbox_delivery order by id")


@pytest.fixture
async def toy(toy_url: str) -> AsyncIterator[Storage]:
    database = Database(Settings(database_url=toy_url))
    storage = await postgres_storage(database, tables=False)

    async def elsewhere(event: Shelved, uow: Any) -> None:
        """Runs in the toy worker; here only its name is needed."""

    storage.registry.add(Subscriber("toy.put", Shelved, elsewhere, storage.uow))
    yield storage
    await database.close()


async def emit(storage: Storage, *names: str) -> None:
    async with storage.uow() as uow:
        uow.emit(*shelved(names))
        await uow.commit()


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


async def test_a_killed_workers_delivery_is_done_soon_without_new_traffic(
    toy: Storage, toy_url: str, redis_url: str
) -> None:
    await emit(toy, "hang")
    with toy_worker(toy_url, redis_url) as first:
        await until(leased(toy), 15)
        with toy_worker(toy_url, redis_url, TOY_QUICK="1"):
            first.kill()

            async def done() -> bool:
                return await names(toy) == ["hang"]

            assert await until(done, 10) < 10
    assert await states(toy) == [("toy.put", "done", 2, 1)]


@pytest.mark.parametrize("place", ["deliver.after-claim", "deliver.after-commit"])
async def test_an_effect_is_committed_once_wherever_the_process_ends(
    toy: Storage, toy_url: str, redis_url: str, place: str
) -> None:
    await emit(toy, "A")
    with toy_worker(toy_url, redis_url, MERX_FAILPOINTS=place, TOY_LEASE="1") as process:
        assert await asyncio.to_thread(process.wait, 20) == 137
    assert await names(toy) == ([] if place == "deliver.after-claim" else ["A"])
    with toy_worker(toy_url, redis_url, TOY_LEASE="1"):

        async def done() -> bool:
            return [row[1] for row in await states(toy)] == ["done"]

        await until(done, 15)
    assert await names(toy) == ["A"]


async def test_poison_is_dead_after_five_runs_and_others_keep_flowing(
    toy: Storage, toy_url: str, redis_url: str
) -> None:
    await emit(toy, "exit", "raise")
    restarts, lags = 0, []
    deadline = time.monotonic() + 100
    while [row[1] for row in (await states(toy))[:2]] != ["dead", "dead"]:
        assert time.monotonic() < deadline
        with toy_worker(toy_url, redis_url, TOY_LEASE="1") as process:
            await emit(toy, f"ok:{restarts}")
            start = time.monotonic()
            while process.poll() is None and [row[1] for row in (await states(toy))[:2]] != ["dead", "dead"]:
                if len(lags) == restarts and f"ok:{restarts}" in await names(toy):
                    lags.append(time.monotonic() - start)
                await asyncio.sleep(0.05)
            restarts += 1
    poison, raising = (await states(toy))[:2]
    assert poison[1:] == ("dead", 5, 5)
    assert raising[1] == "dead"
    with toy_worker(toy_url, redis_url, TOY_LEASE="1"):

        async def all_done() -> bool:
            return len(await names(toy)) == restarts

        await until(all_done, 15)
    # Nobody but the poison was given up.
    assert sum(row[1] == "dead" for row in await states(toy)) == 2
    print("restarts", restarts, "lags", [round(lag, 1) for lag in lags])


async def test_sigterm_lets_work_finish_or_gives_it_back(
    toy: Storage, toy_url: str, redis_url: str, tmp_path: Path
) -> None:
    beat = tmp_path / "alive"
    await emit(toy, "hang", "A")
    with toy_worker(toy_url, redis_url, TOY_HEARTBEAT=str(beat)) as process:
        await until(leased(toy, 2), 15)
        assert alive(beat)
        start = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 10) == 0
        assert time.monotonic() - start < 6
    assert await names(toy) == ["A"]
    (hang,) = [row for row in await states(toy) if row[1] == "pending"]
    assert hang[2:] == (0, 0)
    old = time.time() - 60
    os.utime(beat, (old, old))
    assert not alive(beat)


async def test_deliveries_run_while_redis_is_away_or_emptied(toy: Storage, toy_url: str, redis_url: str) -> None:
    with toy_worker(toy_url, "redis://127.0.0.1:1/0"):
        await emit(toy, "A")

        async def one() -> bool:
            return await names(toy) == ["A"]

        await until(one, 15)
    redis = Redis.from_url(redis_url)
    with toy_worker(toy_url, redis_url):

        async def joined() -> bool:
            return bool(await redis.exists(STREAM))

        await until(joined, 15)
        await redis.flushall()
        await emit(toy, "B")

        async def two() -> bool:
            return await names(toy) == ["A", "B"]

        await until(two, 5)
        await until(joined, 5)
    await redis.aclose()


# Two deliverers, one delivery


class NoClaim(PostgresDeliveries):
    """A careless twin: looks whether the delivery is still open, without locking it."""

    async def claim(self, tx: Any, lease: Leased) -> bool:
        open_ = compiled("select state = 'pending' from platform.outbox_delivery where id = :id")
        return bool(await tx.fetchval(open_, id=lease.id))


async def both_run(storage: Storage, deliveries: PostgresDeliveries) -> int:
    """One delivery handed to two deliverers, as when the first one's lease ran out while it was slow."""
    assert storage.database is not None
    ready = asyncio.Barrier(2)

    async def slow(event: Shelved, uow: Any) -> None:
        await uow.shelves.add(Shelf(id=new_id(), name=f"{event.name} {new_id()}"))
        await asyncio.sleep(0.2)

    storage.registry.add(Subscriber("toy.slow", Shelved, slow, storage.uow))
    await emit(storage, "A")
    ids = storage.nudged
    slow_id = [
        row["id"]
        for row in await storage.database.reader.fetch(
            compiled("select id from platform.outbox_delivery where subscriber = 'toy.slow'")
        )
    ]
    assert set(slow_id) <= set(ids)
    (first,) = await deliveries.lease(1, slow_id)
    await storage.database.reader.execute(
        compiled("update platform.outbox_delivery set lease_until = now() - interval '1 s'")
    )
    second = await deliveries.lease_suspect()
    assert second is not None

    async def run(lease: Leased) -> None:
        await ready.wait()
        await Deliverer(deliveries, storage.registry)._run(lease)

    await asyncio.gather(run(first), run(second))
    count: int = await storage.database.reader.fetchval(SHELF_COUNT)
    return count


async def test_two_deliverers_never_both_keep_their_work(toy: Storage) -> None:
    assert toy.database is not None
    assert await both_run(toy, PostgresDeliveries(toy.database)) == 1


async def test_without_the_claim_they_do(toy: Storage) -> None:
    """The negative control."""
    assert toy.database is not None
    assert await both_run(toy, NoClaim(toy.database)) == 2


async def test_many_deliverers_share_a_full_queue_without_doing_anything_twice(toy: Storage) -> None:
    assert toy.database is not None

    async def put(event: Shelved, uow: Any) -> None:
        await uow.shelves.add(Shelf(id=new_id(), name=f"{event.name} {new_id()}"))

    toy.registry.add(Subscriber("toy.count", Shelved, put, toy.uow))
    await emit(toy, *map(str, range(100)))
    deliveries = PostgresDeliveries(toy.database)
    await asyncio.gather(*(Deliverer(deliveries, toy.registry, concurrency=3).drain() for _ in range(4)))
    assert await toy.database.reader.fetchval(SHELF_COUNT) == 100


# The queue itself


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = redis_client(Settings(redis_url=redis_url))
    yield client
    await client.aclose()


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


def test_a_lease_is_long_enough_for_two_renewals() -> None:
    from merx.infra.outbox.deliveries import LEASE

    assert timedelta(seconds=6) == LEASE
