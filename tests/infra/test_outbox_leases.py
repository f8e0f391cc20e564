"""Whose a delivery is while it runs, and what becomes of one whose holder falls silent."""

import asyncio
from typing import Any

from merx.infra.outbox.deliver import Deliverer
from merx.infra.outbox.deliveries import ENDED, MAX_FAILURES, Deliveries
from merx.infra.outbox.events import Subscriber
from tests.support.shelf import NOW, Shelved, Storage, emit, end_leases, put_on_shelf


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
