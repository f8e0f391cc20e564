"""The promises of a unit of work, on every storage."""

import asyncio
from typing import Any

import asyncpg
import pytest

from merx.infra.memory import MemoryUow
from merx.infra.outbox.events import Subscriber
from merx.infra.postgres import Database, PostgresUow, compiled
from merx.infra.postgres.uow import CACHE_CHANNEL
from merx.infra.settings import Settings
from merx.kernel.ids import new_id
from tests.support.shelf import Shelf, ShelfNotFound, Shelved, Storage, shelved


async def exists(storage: Storage, name: str) -> bool:
    async with storage.uow() as uow:
        if storage.store is not None:
            return any(shelf.name == name for shelf in uow.tx.table("toy.shelf").values())
        return bool(await uow.tx.fetchval(compiled("select count(*) from toy.shelf where name = :name"), name=name))


async def test_work_is_kept_after_commit(storage: Storage) -> None:
    shelf = Shelf(id=new_id(), name="A")
    async with storage.uow() as uow:
        await uow.shelves.add(shelf)
        await uow.commit()
    async with storage.uow() as uow:
        assert (await uow.shelves.get(shelf.id)).name == "A"


async def test_leaving_without_commit_undoes_everything(storage: Storage) -> None:
    storage.registry.add(Subscriber("toy.hear", Shelved, None))
    async with storage.uow() as uow:
        await uow.shelves.add(Shelf(id=new_id(), name="A"))
        uow.emit(*shelved(["A"]))
    assert not await exists(storage, "A")
    assert await storage.events() == []
    assert storage.nudged == []


async def test_an_exception_undoes_everything_and_comes_out(storage: Storage) -> None:
    async def work() -> None:
        async with storage.uow() as uow:
            await uow.shelves.add(Shelf(id=new_id(), name="A"))
            uow.emit(*shelved(["A"]))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await work()
    assert not await exists(storage, "A")
    assert await storage.events() == []


async def test_a_cancelled_block_undoes_everything(storage: Storage) -> None:
    entered = asyncio.Event()

    async def work() -> None:
        async with storage.uow() as uow:
            await uow.shelves.add(Shelf(id=new_id(), name="A"))
            entered.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not await exists(storage, "A")


async def test_events_commit_with_one_delivery_for_each_subscriber(storage: Storage) -> None:
    async def hear(event: Shelved) -> None: ...

    storage.registry.add(Subscriber("toy.first", Shelved, hear), Subscriber("toy.second", Shelved, hear))
    async with storage.uow() as uow:
        uow.emit(*shelved(["A", "B"]))
        await uow.commit()
    assert await storage.events() == ["toy.shelved.v1"] * 2
    assert sorted(await storage.deliveries()) == [("toy.first", "pending")] * 2 + [("toy.second", "pending")] * 2
    assert len(storage.nudged) == 4


async def test_an_event_that_nobody_hears_is_stored(storage: Storage) -> None:
    async with storage.uow() as uow:
        uow.emit(*shelved(["A"]))
        await uow.commit()
    assert await storage.events() == ["toy.shelved.v1"]
    assert storage.nudged == []


async def test_the_block_is_over_after_commit(storage: Storage) -> None:
    async with storage.uow() as uow:
        await uow.commit()
        with pytest.raises(RuntimeError):
            _ = uow.tx
        with pytest.raises(RuntimeError):
            await uow.commit()


async def test_one_unit_of_work_can_be_used_again(storage: Storage) -> None:
    uow = storage.uow()
    for name in ("A", "B"):
        async with uow:
            await uow.shelves.add(Shelf(id=new_id(), name=name))
            uow.emit(*shelved([name]))
            await uow.commit()
    assert await exists(storage, "A")
    assert await exists(storage, "B")
    assert len(await storage.events()) == 2


class BrokenMemory(MemoryUow):
    def open(self, tx: object) -> None:
        raise ZeroDivisionError


class BrokenPostgres(PostgresUow):
    def open(self, tx: object) -> None:
        raise ZeroDivisionError


async def test_a_failing_open_gives_the_connection_back(storage: Storage) -> None:
    broken: Any = BrokenMemory if storage.store is not None else BrokenPostgres
    for _ in range(20):
        with pytest.raises(ZeroDivisionError):
            await broken(storage.store or storage.database, storage.outbox).__aenter__()
    assert not await exists(storage, "A")


@pytest.mark.services
async def test_statements_and_aggregates_share_the_transaction(owner_url: str) -> None:
    from tests.support.shelf import postgres_storage

    # It makes tables.
    database = Database(Settings(database_url=owner_url))
    storage = await postgres_storage(database)
    shelf = Shelf(id=new_id(), name="A")
    async with storage.uow() as uow:
        await uow.shelves.add(shelf)
        assert await uow.tx.fetchval(compiled("select count(*) from toy.shelf")) == 1
        assert await uow.tx.execute(compiled("update toy.shelf set name = :name"), name="B") == 1
    async with storage.uow() as uow:
        with pytest.raises(ShelfNotFound):
            await uow.shelves.get(shelf.id)
    await database.close()


@pytest.mark.services
async def test_tags_reach_other_processes_with_the_commit_only(database: Database) -> None:
    listener = await database.connect()
    heard: asyncio.Queue[object] = asyncio.Queue()
    await listener.add_listener(CACHE_CHANNEL, lambda *message: heard.put_nowait(message[3]))
    storage_uow = PostgresUow(database, None)
    async with storage_uow as uow:
        uow.invalidate("product:1")
    async with storage_uow as uow:
        uow.invalidate("product:3", "product:2")
        await uow.commit()
    async with storage_uow as uow:
        uow.invalidate(*(f"product:{number}" for number in range(3000)))
        await uow.commit()
    assert await asyncio.wait_for(heard.get(), 2) == "product:2 product:3"
    assert await asyncio.wait_for(heard.get(), 2) == "*"
    await listener.close()


@pytest.mark.services
async def test_a_swallowed_database_error_cannot_be_committed(database: Database) -> None:
    async with PostgresUow(database, None) as uow:
        with pytest.raises(asyncpg.DivisionByZeroError):
            await uow.tx.fetch(compiled("select 1 / 0"))
        with pytest.raises(RuntimeError, match="nothing was committed"):
            await uow.commit()
