"""Workers that are killed, poisoned, left without Redis: nothing is lost, nothing is done twice."""

import asyncio
import os
import signal
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from merx.bootstrap.worker import alive
from merx.infra.outbox.deliver import Deliverer
from merx.infra.outbox.deliveries import Leased
from merx.infra.outbox.events import Subscriber
from merx.infra.outbox.postgres_deliveries import PostgresDeliveries
from merx.infra.postgres import compiled
from merx.infra.tasks.nudge import STREAM
from merx.kernel.ids import new_id
from tests.infra.toy_shelf import SHELF_COUNT, leased, names, states, until
from tests.support.shelf import Shelf, Shelved, Storage, emit
from tests.support.toy_worker import toy_worker

pytestmark = pytest.mark.services


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


def test_a_lease_is_long_enough_for_two_renewals() -> None:
    from merx.infra.outbox.deliveries import LEASE

    assert timedelta(seconds=6) == LEASE
