"""What becomes of an event after the commit, on every storage."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from merx.infra.outbox.deliver import Deliverer
from merx.infra.outbox.deliveries import ENDED, MAX_FAILURES, Deliveries
from merx.infra.outbox.events import Subscriber
from merx.infra.outbox.memory_deliveries import MemoryDeliveries
from merx.infra.outbox.postgres_deliveries import PostgresDeliveries
from merx.infra.outbox.relay import Relay
from merx.infra.postgres import compiled
from merx.kernel.errors import Invalid, StaleVersion, Unavailable
from merx.kernel.ids import new_id
from tests.support.drain import drain
from tests.support.shelf import Shelf, Shelved, Storage, shelved

NOW = timedelta(0)


@pytest.fixture
def deliveries(storage: Storage) -> Deliveries:
    if storage.store is not None:
        return MemoryDeliveries(storage.store)
    assert storage.database is not None
    return PostgresDeliveries(storage.database)


@pytest.fixture
def deliverer(storage: Storage, deliveries: Deliveries) -> Deliverer:
    return Deliverer(deliveries, storage.registry, retry_in=lambda _: NOW)


async def emit(storage: Storage, *names: str) -> None:
    async with storage.uow() as uow:
        uow.emit(*shelved(names))
        await uow.commit()


async def shelf_names(storage: Storage) -> list[str]:
    async with storage.uow() as uow:
        if storage.store is not None:
            return [shelf.name for shelf in uow.tx.table("toy.shelf").values()]
        return [row["name"] for row in await uow.tx.fetch(compiled("select name from toy.shelf"))]


async def come_due(storage: Storage, by: timedelta) -> None:
    """As if the time had passed for deliveries that wait for their next try."""
    if storage.store is not None:
        for row in storage.store.table("platform.outbox_delivery").values():
            row.run_after -= by
        return
    assert storage.database is not None
    earlier = compiled("update platform.outbox_delivery set run_after = run_after - cast(:by as interval)")
    await storage.database.reader.execute(earlier, by=by)


async def end_leases(storage: Storage) -> None:
    """As if seven seconds had passed in which the holder was silent."""
    if storage.store is not None:
        for row in storage.store.table("platform.outbox_delivery").values():
            row.lease_until = row.lease_until and row.lease_until - timedelta(seconds=7)
        return
    assert storage.database is not None
    await storage.database.reader.execute(
        compiled("update platform.outbox_delivery set lease_until = lease_until - interval '7 s'")
    )


async def put_on_shelf(event: Shelved, uow: Any) -> None:
    await uow.shelves.add(Shelf(id=new_id(), name=event.name))


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


async def test_an_expected_refusal_is_dead_at_once(
    storage: Storage, deliverer: Deliverer, deliveries: Deliveries
) -> None:
    async def refuse(_: Shelved) -> None:
        raise Invalid("never")

    storage.registry.add(Subscriber("toy.refuse", Shelved, refuse))
    await emit(storage, "A")
    assert await deliverer.drain() == 1
    assert [letter.last_error for letter in await deliveries.dead()] == ["Invalid: never"]


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


async def test_unknown_and_undecodable_are_dead_with_a_reason(
    storage: Storage, deliverer: Deliverer, deliveries: Deliveries
) -> None:
    from merx.infra.outbox.events import SubscriberRegistry

    async def hear(event: Shelved) -> None: ...

    class Renamed(Shelved, tag="toy.renamed.v1"):
        """Heard under the old subscriber's name."""

    class Grown(Shelved, tag="toy.shelved.v1"):
        must_have: int

    storage.registry.add(*(Subscriber(f"toy.{name}", Shelved, hear) for name in ("gone", "other", "grown")))
    await emit(storage, "A")
    newer = SubscriberRegistry()
    newer.add(Subscriber("toy.other", Renamed, hear), Subscriber("toy.grown", Grown, hear))
    assert await Deliverer(deliveries, newer).drain() == 3
    reasons = {letter.subscriber: letter.last_error for letter in await deliveries.dead()}
    assert "no subscriber is named" in reasons["toy.gone"]
    assert "hears toy.renamed.v1" in reasons["toy.other"]
    assert "must_have" in reasons["toy.grown"]


async def test_dead_letters_can_be_replayed(storage: Storage, deliverer: Deliverer, deliveries: Deliveries) -> None:
    broken = True

    async def hear(_: Shelved) -> None:
        if broken:
            raise Invalid

    storage.registry.add(Subscriber("toy.first", Shelved, hear), Subscriber("toy.second", Shelved, hear))
    await emit(storage, "A", "B")
    await deliverer.drain()
    broken = False
    assert await deliveries.replay(subscriber="toy.nobody") == 0
    first = await deliveries.dead("toy.first")
    assert await deliveries.replay(ids=[first[0].id]) == 1
    assert await deliveries.replay(subscriber="toy.first") == 1
    assert await deliveries.replay() == 2
    assert await drain(deliverer, deliveries) == 4


async def test_a_lease_keeps_others_away_until_it_ends(storage: Storage, deliveries: Deliveries) -> None:
    storage.registry.add(Subscriber("toy.put", Shelved, put_on_shelf, storage.uow))
    await emit(storage, "A")
    (first,) = await deliveries.lease(10)
    assert await deliveries.lease(10) == []
    assert not await deliveries.suspects()
    await end_leases(storage)
    assert await deliveries.lease(10) == []
    assert await deliveries.suspects()
    second = await deliveries.lease_suspect()
    assert second is not None
    assert (second.id, second.failures, second.attempts) == (first.id, 1, 2)
    # The zombie comes back: its token is worth nothing now.
    async with storage.uow() as uow:
        assert not await deliveries.claim(uow.tx, first)
    assert not await deliveries.done(first)
    await deliveries.fail(first, "late", NOW, counts=True)
    async with storage.uow() as uow:
        assert await deliveries.claim(uow.tx, second)
        await uow.commit()
    assert await storage.deliveries() == [("toy.put", "done")]


async def test_renewing_keeps_a_lease(storage: Storage, deliveries: Deliveries) -> None:
    storage.registry.add(Subscriber("toy.put", Shelved, put_on_shelf, storage.uow))
    await emit(storage, "A")
    leases = await deliveries.lease(1)
    await end_leases(storage)
    await deliveries.renew(leases)
    assert not await deliveries.suspects()


async def test_a_released_delivery_is_as_new(storage: Storage, deliveries: Deliveries) -> None:
    storage.registry.add(Subscriber("toy.put", Shelved, put_on_shelf, storage.uow))
    await emit(storage, "A")
    await deliveries.release(await deliveries.lease(1))
    (again,) = await deliveries.lease(1)
    assert (again.attempts, again.failures) == (1, 0)


async def test_what_ends_its_process_is_dead_after_five_runs(storage: Storage, deliveries: Deliveries) -> None:
    storage.registry.add(Subscriber("toy.put", Shelved, put_on_shelf, storage.uow))
    await emit(storage, "A")
    assert len(await deliveries.lease(1)) == 1
    for _ in range(MAX_FAILURES - 1):
        await end_leases(storage)
        assert await deliveries.suspects()
        assert await deliveries.lease_suspect() is not None
    await end_leases(storage)
    assert not await deliveries.suspects()
    assert [letter.last_error for letter in await deliveries.dead()] == [ENDED]


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


async def test_a_lease_is_renewed_while_others_come_and_go(storage: Storage, deliveries: Deliveries) -> None:
    renewed: list[list[Any]] = []
    end = asyncio.Event()

    class Noted:
        async def renew(self, leases: Any) -> None:
            renewed.append(list(leases))
            await deliveries.renew(leases)
            if len(renewed) == 3:
                end.set()

        def __getattr__(self, name: str) -> Any:
            return getattr(deliveries, name)

    async def hear(event: Shelved) -> None:
        if event.name == "long":
            await end.wait()

    storage.registry.add(Subscriber("toy.hear", Shelved, hear))
    deliverer = Deliverer(Noted(), storage.registry, renew_every=0.02)
    await emit(storage, "short", "long", "short")
    assert await deliverer.drain() == 3
    assert len(renewed) >= 3
    assert len(renewed[-1]) == 1


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
