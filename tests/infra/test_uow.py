"""The promises of a unit of work, on every storage."""

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from merx.infra.memory import MemoryUow
from merx.infra.outbox.events import Subscriber
from merx.infra.postgres import Database, PostgresUow, compiled
from merx.infra.postgres.uow import CACHE_CHANNEL
from merx.infra.settings import Settings
from merx.kernel.errors import Unavailable
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


async def kill_backends(database: Database) -> None:
    admin = await database.connect()
    await admin.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    )
    await admin.close()


@pytest.mark.services
async def test_connections_that_the_server_closed_are_replaced(database: Database) -> None:
    one = compiled("select 1")

    async def write() -> None:
        async with PostgresUow(database, None) as uow:
            assert await uow.tx.fetchval(one) == 1
            await asyncio.sleep(0.05)
            await uow.commit()

    async def read() -> None:
        assert await database.reader.fetchval(one) == 1

    for _ in range(3):
        await asyncio.gather(*(write() for _ in range(8)), *(read() for _ in range(8)))
        await kill_backends(database)
    await asyncio.gather(*(write() for _ in range(8)), *(read() for _ in range(8)))


@pytest.mark.services
async def test_a_connection_lost_in_the_middle_is_unavailable_and_undone(database: Database) -> None:
    async def work() -> None:
        async with PostgresUow(database, None) as uow:
            await uow.tx.fetchval(compiled("select 1"))
            await kill_backends(database)
            await uow.tx.fetchval(compiled("select 1"))

    with pytest.raises(Unavailable):
        await work()
    async with PostgresUow(database, None) as uow:
        assert await uow.tx.fetchval(compiled("select 2")) == 2


@pytest.mark.services
async def test_an_absent_server_and_an_empty_pool_are_unavailable_soon(database_url: str) -> None:
    away = Database(Settings(database_url="postgresql://merx@127.0.0.1:1/merx"))
    with pytest.raises(Unavailable):
        async with PostgresUow(away, None):
            pass
    with pytest.raises(Unavailable):
        await away.ping()
    small = Database(Settings(database_url=database_url, database_pool=1, reader_pool=1, pool_wait_ms=200))
    async with PostgresUow(small, None):
        with pytest.raises(Unavailable):
            async with PostgresUow(small, None):
                pass
    slow = asyncio.create_task(small.reader.fetchval(compiled("select pg_sleep(1)")))
    await asyncio.sleep(0.1)
    with pytest.raises(Unavailable):
        await small.reader.fetchval(compiled("select 1"))
    await slow
    await small.close()


@pytest.mark.services
async def test_a_server_that_falls_silent_costs_one_short_wait_whatever_the_pool_holds(database_url: str) -> None:
    silent = asyncio.Event()
    writers: list[asyncio.StreamWriter] = []
    socket = parse_qs(urlsplit(database_url).query)["host"][0] + "/.s.PGSQL.5432"

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if not silent.is_set():
                writer.write(data)

    async def between(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(socket)
        writers.extend((writer, back))
        await asyncio.gather(pass_on(reader, back), pass_on(there, writer))

    proxy = await asyncio.start_server(between, "127.0.0.1", 0)
    port = proxy.sockets[0].getsockname()[1]
    url = urlsplit(database_url)._replace(netloc=f"merx@127.0.0.1:{port}", query="").geturl()
    database = Database(Settings(database_url=url, database_pool=4, connect_timeout_ms=300))

    async def write() -> None:
        async with PostgresUow(database, None) as uow:
            await uow.tx.fetchval(compiled("select pg_sleep(0.1)"))

    await asyncio.gather(*(write() for _ in range(4)))
    silent.set()
    started = asyncio.get_running_loop().time()
    with pytest.raises(Unavailable):
        await write()
    assert asyncio.get_running_loop().time() - started < 0.9
    for writer in writers:
        writer.close()
    await database.close()
    proxy.close()


@pytest.mark.services
async def test_no_connection_stays_in_a_transaction(database: Database) -> None:
    async def abandoned(number: int) -> None:
        async with PostgresUow(database, None) as uow:
            await uow.tx.fetchval(compiled("select 1"))
            if number % 2:
                raise ZeroDivisionError
            await asyncio.sleep(5)

    tasks = [asyncio.create_task(abandoned(number)) for number in range(10)]
    await asyncio.sleep(0.3)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    open_ones = compiled(
        "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in%'"
    )
    assert await database.reader.fetchval(open_ones) == 0


@pytest.mark.services
async def test_a_read_that_is_cut_off_spoils_nothing(database_url: str) -> None:
    """Its statement ends on the server, its place is free again, and the next read gets its own answer."""
    small = Database(Settings(database_url=database_url, database_pool=1, reader_pool=1, pool_wait_ms=2000))
    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await small.reader.fetchval(compiled("select pg_sleep(30)"))
        assert await small.reader.fetchval(compiled("select 7")) == 7
    asleep = compiled(
        "select count(*) from pg_stat_activity where query like 'select pg_sleep(30%' and state = 'active'"
    )
    for _ in range(50):
        if not await small.reader.fetchval(asleep):
            break
        await asyncio.sleep(0.05)
    else:
        raise AssertionError("the server goes on with what nobody waits for")
    await small.close()


@pytest.mark.services
async def test_no_more_connections_read_than_allowed(database_url: str) -> None:
    pair = Database(Settings(database_url=database_url, database_pool=1, reader_pool=2, pool_wait_ms=5000))
    backends = await asyncio.gather(
        *(pair.reader.fetchval(compiled("select pg_backend_pid() from pg_sleep(0.01)")) for _ in range(20))
    )
    assert len(set(backends)) == 2
    # A refused statement leaves its connection sound.
    for _ in range(5):
        with pytest.raises(asyncpg.DivisionByZeroError):
            await pair.reader.fetchval(compiled("select 1 / 0"))
    assert await pair.reader.fetchval(compiled("select pg_backend_pid()")) in backends
    await pair.close()
