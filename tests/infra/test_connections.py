"""Connections to PostgreSQL that end, fall silent or run out."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InvalidRequestError

from merx.infra.postgres import Database, PostgresTx, PostgresUow, compiled
from merx.infra.settings import Settings
from merx.kernel.errors import Unavailable


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


async def by_driver(tx: PostgresTx, sql: str) -> Any:
    return await tx.fetchval(compiled(sql))


async def by_orm(tx: PostgresTx, sql: str) -> Any:
    return await tx.scalar(text(sql))


Door = Callable[[PostgresTx, str], Awaitable[Any]]
both_doors = pytest.mark.parametrize("ask", [by_driver, by_orm])


@pytest.mark.services
@both_doors
async def test_a_connection_lost_in_the_middle_is_unavailable_and_undone(database: Database, ask: Door) -> None:
    async def work() -> None:
        async with PostgresUow(database, None) as uow:
            await ask(uow.tx, "select 1")
            await kill_backends(database)
            await ask(uow.tx, "select 1")

    for _ in range(3):
        with pytest.raises(Unavailable):
            await work()
        async with PostgresUow(database, None) as uow:
            assert await ask(uow.tx, "select 2") == 2


@pytest.mark.services
async def test_both_doors_lead_into_one_transaction_of_one_connection_that_is_used_again(database_url: str) -> None:
    small = Database(Settings(database_url=database_url, database_pool=1))
    here = "select pg_backend_pid()::text || ' ' || pg_current_xact_id()::text"
    seen = []
    for first, second in ((by_driver, by_orm), (by_orm, by_driver)):
        async with PostgresUow(small, None) as uow:
            one = await first(uow.tx, here)
            assert await second(uow.tx, here) == one
            seen.append(one.split())
            await uow.commit()
        async with PostgresUow(small, None) as uow:
            with pytest.raises((DBAPIError, asyncpg.DivisionByZeroError)):
                await first(uow.tx, "select 1 / 0")
    await small.close()
    (backend, xact), (again, another) = seen
    assert (backend, xact != another) == (again, True)


@pytest.mark.services
@both_doors
async def test_a_transaction_that_is_over_reaches_into_no_other_on_the_same_connection(
    database_url: str, ask: Door
) -> None:
    small = Database(Settings(database_url=database_url, database_pool=1))
    over = []
    for used in (True, False):
        async with PostgresUow(small, None) as uow:
            over.append(uow.tx)
            if used:
                await ask(uow.tx, "select 1")
                session = uow.tx.session
    async with PostgresUow(small, None):
        for tx in over:
            with pytest.raises(RuntimeError, match="over"):
                await ask(tx, "select 1")
        with pytest.raises(InvalidRequestError, match="closed"):
            await session.scalar(text("select 1"))
    await small.close()


@pytest.mark.services
async def test_the_orm_gets_no_other_connection_instead_of_a_lost_one(database_url: str) -> None:
    """It would be one on which somebody else works."""
    pair = Database(Settings(database_url=database_url, database_pool=2))
    async with PostgresUow(pair, None) as uow, PostgresUow(pair, None):
        uow.tx.driver.terminate()
        with pytest.raises(DBAPIError):
            await uow.tx.session.scalar(text("select 1"))
        await uow.tx.session.rollback()
        with pytest.raises(LookupError):
            await uow.tx.session.scalar(text("select 1"))
    await pair.close()


@pytest.mark.services
async def test_a_transaction_that_is_open_when_the_process_ends_may_commit(database_url: str) -> None:
    small = Database(Settings(database_url=database_url, database_pool=1))
    async with PostgresUow(small, None) as uow:
        assert await uow.tx.fetchval(compiled("select 1")) == 1
        await small.close()
        await uow.commit()


@pytest.mark.services
@pytest.mark.parametrize("given_up", ["close", "invalidate"])
async def test_a_connection_that_the_orm_has_given_up_is_not_used_again(database_url: str, given_up: str) -> None:
    small = Database(Settings(database_url=database_url, database_pool=1))
    async with PostgresUow(small, None) as uow:
        await getattr(await uow.tx.session.connection(), given_up)()
    async with PostgresUow(small, None) as uow:
        assert await by_orm(uow.tx, "select 1") == 1
    await small.close()


@pytest.mark.services
async def test_a_connection_whose_transaction_nobody_ended_is_not_used_again(database_url: str) -> None:
    small = Database(Settings(database_url=database_url, database_pool=1))
    backends = []
    for _ in range(2):
        async with small.transaction() as link:
            backends.append(await link.driver.fetchval("select pg_backend_pid()"))
    await small.close()
    assert len(set(backends)) == 2


@pytest.mark.services
async def test_an_absent_server_and_an_empty_pool_are_unavailable_soon(database_url: str) -> None:
    away = Database(Settings(database_url="postgresql://merx@127.0.0.1:1/merx", database_pool=1, reader_pool=1))
    # Who could not connect holds no place.
    for _ in range(3):
        with pytest.raises(Unavailable, match="not available"):
            async with PostgresUow(away, None):
                pass
        with pytest.raises(Unavailable, match="not available"):
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
async def test_no_connection_stays_in_a_transaction(database: Database) -> None:
    begun = asyncio.Barrier(9)

    async def abandoned(number: int) -> None:
        async with PostgresUow(database, None) as uow:
            await uow.tx.fetchval(compiled("select 1"))
            await begun.wait()
            if number % 2:
                raise ZeroDivisionError
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(abandoned(number)) for number in range(8)]
    await asyncio.wait_for(begun.wait(), 10)
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
