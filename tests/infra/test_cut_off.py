"""A server that goes away or falls silent at a certain word."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from merx.infra.postgres import Database, PostgresUow, compiled
from merx.infra.settings import Settings
from merx.kernel.errors import Unavailable

pytestmark = pytest.mark.services


class Wire:
    """What lies between a database and its clients: after `words` more of theirs it cuts off who speaks, or is silent.

    A word is whatever comes at once. It cuts one connection off, and then lets all words through again.
    """

    url = ""
    silent = False
    words: int | None = None

    def passes(self) -> bool:
        if self.words is None:
            return True
        self.words -= 1
        return self.words >= 0


@pytest.fixture
async def wire(database_url: str) -> AsyncIterator[Wire]:
    wire = Wire()
    writers: list[asyncio.StreamWriter] = []
    passing: list[asyncio.Future[Any]] = []
    socket = parse_qs(urlsplit(database_url).query)["host"][0] + "/.s.PGSQL.5432"

    async def there(client: asyncio.StreamReader, server: asyncio.StreamWriter) -> None:
        while data := await client.read(65536):
            if wire.passes():
                server.write(data)
            elif not wire.silent:
                wire.words = None
                break
        server.close()

    async def back(server: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        while data := await server.read(65536):
            client.write(data)
        client.close()

    async def between(client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_unix_connection(socket)
        writers.extend((to_client, to_server))
        both = asyncio.gather(there(client, to_server), back(server, to_client), return_exceptions=True)
        passing.append(both)
        await both

    proxy = await asyncio.start_server(between, "127.0.0.1", 0)
    port = proxy.sockets[0].getsockname()[1]
    wire.url = urlsplit(database_url)._replace(netloc=f"merx@127.0.0.1:{port}", query="").geturl()
    yield wire
    for writer in writers:
        writer.close()
    await asyncio.gather(*passing)
    proxy.close()


async def test_a_server_that_falls_silent_costs_one_short_wait_whatever_the_pool_holds(wire: Wire) -> None:
    database = Database(Settings(database_url=wire.url, database_pool=4, connect_timeout_ms=300))

    async def write() -> None:
        async with PostgresUow(database, None) as uow:
            await uow.tx.fetchval(compiled("select pg_sleep(0.1)"))

    await asyncio.gather(*(write() for _ in range(4)))
    wire.silent, wire.words = True, 0
    started = asyncio.get_running_loop().time()
    with pytest.raises(Unavailable):
        await write()
    assert asyncio.get_running_loop().time() - started < 0.9
    await database.close()


async def test_who_finds_a_connection_dead_is_served_before_all_who_wait(wire: Wire) -> None:
    small = Database(Settings(database_url=wire.url, database_pool=1, pool_wait_ms=500))
    served: list[str] = []

    async def write(name: str, seconds: float = 0) -> None:
        async with PostgresUow(small, None) as uow:
            served.append(name)
            await asyncio.sleep(seconds)
            await uow.commit()

    await write("opens it")
    wire.words = 0
    await asyncio.gather(write("finds it dead"), write("waits", 1))
    assert served == ["opens it", "finds it dead", "waits"]
    await small.close()


async def new_connection(url: str) -> float:
    """Seconds until the first transaction of a pool begins or is given up."""
    fresh = Database(Settings(database_url=url, database_pool=1, connect_timeout_ms=300))
    started = asyncio.get_running_loop().time()
    try:
        async with PostgresUow(fresh, None):
            pass
    finally:
        await fresh.close()
    return asyncio.get_running_loop().time() - started


async def test_a_server_that_goes_away_at_any_word_of_a_new_connection_is_unavailable(wire: Wire) -> None:
    for words in range(30):
        wire.words = words
        try:
            await new_connection(wire.url)
        except Unavailable:
            continue
        if wire.words is not None:
            break
    else:
        raise AssertionError("a connection takes more words than that")
    assert words > 5


async def test_a_server_that_falls_silent_before_the_orm_knows_it_costs_one_short_wait(wire: Wire) -> None:
    wire.silent, wire.words = True, 5
    started = asyncio.get_running_loop().time()
    with pytest.raises(Unavailable):
        await new_connection(wire.url)
    assert asyncio.get_running_loop().time() - started < 0.9
