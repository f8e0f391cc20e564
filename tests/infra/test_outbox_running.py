"""How many deliveries run at once, in which order, and how they end."""

import asyncio
from typing import Any

from merx.infra.outbox.deliver import Deliverer
from merx.infra.outbox.deliveries import Deliveries
from merx.infra.outbox.events import Subscriber
from tests.support.drain import drain
from tests.support.shelf import NOW, Shelved, Storage, emit, end_leases, put_on_shelf, shelf_names


async def test_named_deliveries_run_before_others(
    storage: Storage, deliverer: Deliverer, deliveries: Deliveries
) -> None:
    storage.registry.add(Subscriber("toy.put", Shelved, put_on_shelf, storage.uow))
    await emit(storage, "A")
    await emit(storage, "B")
    assert await deliverer.deliver(storage.nudged[1:]) == 1
    assert await shelf_names(storage) == ["B"]
    assert await deliverer.deliver(storage.nudged[1:]) == 0


async def test_no_more_run_at_once_than_allowed(storage: Storage, deliveries: Deliveries) -> None:
    running, most = 0, 0

    async def slow(_: Shelved) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1

    storage.registry.add(Subscriber("toy.slow", Shelved, slow))
    await emit(storage, *map(str, range(20)))
    deliverer = Deliverer(deliveries, storage.registry, concurrency=3)
    await asyncio.gather(deliverer.start_due(), deliverer.start_due(), deliverer.deliver(storage.nudged))
    await deliverer.drain()
    assert most == 3


async def test_a_suspect_runs_alone(storage: Storage, deliveries: Deliveries) -> None:
    seen: list[tuple[str, int]] = []

    async def look(event: Shelved) -> None:
        seen.append((event.name, len(deliverer._running)))
        await asyncio.sleep(0.05)

    storage.registry.add(Subscriber("toy.look", Shelved, look))
    deliverer = Deliverer(deliveries, storage.registry)
    await emit(storage, "suspect")
    await deliveries.lease(1)
    await end_leases(storage)
    await emit(storage, "A", "B")
    await deliverer.start_due()
    assert await deliverer.run_suspect()
    await deliverer.drain()
    assert seen[-1] == ("suspect", 1)
    assert not await deliverer.run_suspect()


async def test_a_handler_that_hangs_is_ended_and_tried_again(storage: Storage, deliveries: Deliveries) -> None:
    runs: list[int] = []

    async def hang(_: Shelved) -> None:
        runs.append(1)
        if len(runs) == 1:
            await asyncio.sleep(60)

    storage.registry.add(Subscriber("toy.hang", Shelved, hang))
    await emit(storage, "A")
    deliverer = Deliverer(deliveries, storage.registry, limit=0.05, retry_in=lambda _: NOW)
    assert await drain(deliverer, deliveries) == 2


async def test_nothing_is_left_in_the_loop_when_the_last_delivery_has_ended(
    storage: Storage, deliveries: Deliveries
) -> None:
    async def hear(_: Shelved) -> None:
        await asyncio.sleep(0)

    storage.registry.add(Subscriber("toy.hear", Shelved, hear))
    deliverer = Deliverer(deliveries, storage.registry, renew_every=60.0)
    await emit(storage, "A", "B")
    before = asyncio.all_tasks()
    assert await deliverer.drain() == 2
    assert asyncio.all_tasks() == before


async def test_stopping_undoes_and_gives_back(storage: Storage, deliveries: Deliveries) -> None:
    started = asyncio.Event()

    async def hang(event: Shelved, uow: Any) -> None:
        await put_on_shelf(event, uow)
        started.set()
        await asyncio.sleep(60)

    storage.registry.add(Subscriber("toy.hang", Shelved, hang, storage.uow))
    await emit(storage, "A")
    deliverer = Deliverer(deliveries, storage.registry)
    await deliverer.start_due()
    await started.wait()
    await deliverer.stop(0.05)
    assert await shelf_names(storage) == []
    (again,) = await deliveries.lease(10)
    assert (again.attempts, again.failures) == (1, 0)
