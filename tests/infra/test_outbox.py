"""What becomes of an event after the commit, on every storage."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from merx.infra.outbox.deliver import Deliverer
from merx.infra.outbox.deliveries import MAX_FAILURES, Deliveries
from merx.infra.outbox.events import Subscriber
from merx.infra.outbox.relay import Relay
from merx.kernel.errors import Invalid, StaleVersion, Unavailable
from tests.support.drain import drain
from tests.support.shelf import NOW, Shelved, Storage, come_due, emit, put_on_shelf, shelf_names, shelved


async def test_a_transactional_subscriber_works_in_the_transaction_of_its_mark(
    storage: Storage, deliverer: Deliverer, deliveries: Deliveries
) -> None:
    storage.registry.add(Subscriber("toy.put", Shelved, put_on_shelf, storage.uow))
    await emit(storage, "A", "B")
    assert await drain(deliverer, deliveries) == 2
    assert sorted(await shelf_names(storage)) == ["A", "B"]
    assert await storage.deliveries() == [("toy.put", "done")] * 2
    assert await deliverer.drain() == 0


async def test_an_effect_subscriber_gets_the_event(
    storage: Storage, deliverer: Deliverer, deliveries: Deliveries
) -> None:
    heard: list[Shelved] = []

    async def hear(event: Shelved) -> None:
        heard.append(event)

    storage.registry.add(Subscriber("toy.hear", Shelved, hear))
    await emit(storage, "A")
    await drain(deliverer, deliveries)
    assert [event.name for event in heard] == ["A"]
    assert await storage.deliveries() == [("toy.hear", "done")]


async def test_events_of_handlers_are_delivered_too(
    storage: Storage, deliverer: Deliverer, deliveries: Deliveries
) -> None:
    async def count_down(event: Shelved, uow: Any) -> None:
        if event.name != "1":
            uow.emit(*shelved([str(int(event.name) - 1)]))

    storage.registry.add(Subscriber("toy.count", Shelved, count_down, storage.uow))
    await emit(storage, "5")
    assert await drain(deliverer, deliveries) == 5


async def test_a_failing_subscriber_neither_keeps_its_work_nor_stops_others(
    storage: Storage, deliverer: Deliverer, deliveries: Deliveries
) -> None:
    heard: list[str] = []

    async def fail(event: Shelved, uow: Any) -> None:
        await put_on_shelf(event, uow)
        raise ZeroDivisionError("poison")

    async def hear(event: Shelved) -> None:
        heard.append(event.name)

    storage.registry.add(Subscriber("toy.poison", Shelved, fail, storage.uow), Subscriber("toy.hear", Shelved, hear))
    await emit(storage, "A")
    assert await deliverer.drain() == MAX_FAILURES + 1
    assert await shelf_names(storage) == []
    assert heard == ["A"]
    (letter,) = await deliveries.dead()
    assert (letter.subscriber, letter.attempts) == ("toy.poison", MAX_FAILURES)
    assert "ZeroDivisionError: poison" in letter.last_error


@pytest.mark.parametrize("error", [Unavailable("away"), StaleVersion(), ConnectionRefusedError()])
async def test_what_passes_is_waited_for_beyond_five_attempts(
    storage: Storage, deliverer: Deliverer, deliveries: Deliveries, error: Exception
) -> None:
    runs: list[int] = []

    async def away(_: Shelved) -> None:
        runs.append(1)
        if len(runs) <= MAX_FAILURES + 3:
            raise error

    storage.registry.add(Subscriber("toy.away", Shelved, away))
    await emit(storage, "A")
    assert await drain(deliverer, deliveries) == MAX_FAILURES + 4


async def test_a_failure_waits_before_its_next_try(storage: Storage, deliveries: Deliveries) -> None:
    async def fail(_: Shelved) -> None:
        raise ZeroDivisionError

    storage.registry.add(Subscriber("toy.fail", Shelved, fail))
    await emit(storage, "A")
    deliverer = Deliverer(deliveries, storage.registry)
    assert await deliverer.drain() == 1
    assert await deliverer.drain() == 0
    assert (await deliveries.state()).pending == 1
    await come_due(storage, timedelta(seconds=0.4))
    assert await deliverer.drain() == 0
    await come_due(storage, timedelta(seconds=1.2))
    assert await deliverer.drain() == 1


async def test_old_done_deliveries_and_their_events_are_pruned(
    storage: Storage, deliverer: Deliverer, deliveries: Deliveries
) -> None:
    async def hear(event: Shelved) -> None:
        if event.name == "bad":
            raise Invalid

    storage.registry.add(Subscriber("toy.hear", Shelved, hear))
    await emit(storage, "good", "bad")
    await deliverer.drain()
    assert await deliveries.prune(timedelta(days=7)) == 0
    await asyncio.sleep(0.01)
    assert await deliveries.prune(NOW) == 2
    assert await storage.events() == ["toy.shelved.v1"]
    assert await storage.deliveries() == [("toy.hear", "dead")]


async def test_the_relay_delivers_when_told_and_when_not(storage: Storage, deliveries: Deliveries) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def hear(event: Shelved) -> None:
        heard.put_nowait(event.name)

    storage.registry.add(Subscriber("toy.hear", Shelved, hear))
    deliverer = Deliverer(deliveries, storage.registry, concurrency=2)
    relay = Relay(deliverer, every=0.1)
    relay.start()
    await asyncio.sleep(0.05)
    await emit(storage, "A", "B", "C", "D", "E")
    relay.wake()
    assert sorted([await asyncio.wait_for(heard.get(), 0.25) for _ in range(5)]) == ["A", "B", "C", "D", "E"]
    await emit(storage, "F")
    assert await asyncio.wait_for(heard.get(), 1) == "F"
    await relay.stop()
    assert (await deliveries.state()).pending == 0


async def test_the_state_of_the_queue(storage: Storage, deliveries: Deliveries) -> None:
    storage.registry.add(Subscriber("toy.put", Shelved, put_on_shelf, storage.uow))
    assert (await deliveries.state()).pending == 0
    await emit(storage, "A", "B")
    await asyncio.sleep(0.05)
    state = await deliveries.state()
    assert (state.pending, state.dead) == (2, 0)
    assert 0.04 < state.oldest_seconds < 5
