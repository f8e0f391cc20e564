"""Answers out of the byte cache that the protocol gives itself: before there is a task, one in a piece of data."""

from merx.infra.settings import Settings
from tests.infra.http.toy import ToyController, Toys
from tests.infra.http.wire import Connection, head_of
from tests.support.stage import fresh

CACHING = Settings(storage="memory", cache_bytes=100_000)
PAGE = b"GET /api/v1/toys/product HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def warm() -> Connection:
    connection = Connection(fresh(CACHING, Toys(CACHING, ToyController)))
    connection.send(PAGE)
    assert not connection.wire.writes
    assert head_of(await connection.answered())[0] == 200
    connection.wire.writes.clear()
    return connection


async def test_a_cached_page_is_there_before_anything_else_runs():
    connection = await warm()
    connection.send(PAGE)
    assert [head_of(wire)[0] for wire in connection.wire.writes] == [200]
    assert not connection._tasks


async def test_of_many_sent_without_waiting_one_is_and_all_are_answered():
    connection = await warm()
    connection.send(PAGE * 2000)
    assert len(connection.wire.writes) == 1
    assert (await connection.answered()).count(b"HTTP/1.1 200 ") == 2000


async def test_whoever_leaves_after_the_answer_is_told_so_by_the_frame():
    connection = await warm()
    connection.send(PAGE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert not connection.wire.writes
    assert head_of(await connection.answered())[0] == 200
    assert connection.wire.closed
