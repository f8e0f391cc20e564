"""Answers out of the byte cache that the protocol gives itself: before there is a task, one in a piece of data."""

import asyncio
import os
from pathlib import Path

import msgspec
import pytest

from merx.infra.http.shown_paths import FROM_CACHE
from merx.infra.log_writer import LineWriter
from merx.infra.settings import Settings
from tests.infra.http.test_load import Held
from tests.infra.http.toy import ToyController, Toys
from tests.infra.http.wire import Connection, head_of
from tests.support.counted import counted
from tests.support.stage import fresh

CACHING = Settings(storage="memory", cache_bytes=100_000, access_log=True, log_format="json")
PAGE = b"GET /api/v1/toys/product HTTP/1.1\r\nHost: localhost\r\n\r\n"
SLOW = b"GET /api/v1/held HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def warm(log: LineWriter | None = None, keep_alive: float = 60) -> Connection:
    Held.go = asyncio.Event()
    connection = Connection(fresh(CACHING, Toys(CACHING, ToyController, Held), log), keep_alive=keep_alive)
    connection.send(PAGE)
    assert not connection.wire.writes
    assert head_of(await connection.answered())[0] == 200
    connection.wire.writes.clear()
    return connection


def with_line(line: bytes) -> bytes:
    return PAGE.replace(b"\r\n\r\n", b"\r\n%b\r\n\r\n" % line)


async def test_a_cached_page_is_there_before_anything_else_runs():
    connection = await warm()
    connection.send(PAGE)
    assert [head_of(wire)[0] for wire in connection.wire.writes] == [200]
    assert not connection._tasks


async def test_it_is_counted_and_has_its_line(tmp_path: Path):
    log = LineWriter(os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT))
    connection = await warm(log)
    log.flush()
    before = len((tmp_path / "log").read_bytes().splitlines())
    for line in (b"X-Request-Id: the-first-one", b"If-None-Match: *"):
        connection.send(with_line(line))
    assert not connection._tasks
    log.flush()
    first, second = (msgspec.json.decode(each) for each in (tmp_path / "log").read_bytes().splitlines()[before:])
    assert (first["path"], first["request_id"], first["cached"]) == ("/api/v1/toys/product", "the-first-one", True)
    assert (first["status"], second["status"]) == (200, 304)
    assert counted(connection.app, FROM_CACHE) == {"2xx": 1, "3xx": 1}


async def test_of_many_sent_without_waiting_one_is_and_all_are_answered():
    connection = await warm()
    connection.send(PAGE * 2000)
    assert len(connection.wire.writes) == 1
    assert (await connection.answered()).count(b"HTTP/1.1 200 ") == 2000


async def test_a_request_behind_it_may_take_longer_than_an_idle_connection_lives():
    connection = await warm(keep_alive=0.02)
    connection.send(PAGE + SLOW)
    await asyncio.sleep(0.1)
    assert not connection.wire.closed
    Held.go.set()
    assert (await connection.answered()).count(b"HTTP/1.1 200 ") == 2
    await asyncio.sleep(0.1)
    assert connection.wire.closed


async def test_whoever_leaves_after_the_answer_is_told_so_by_the_frame():
    connection = await warm()
    connection.send(with_line(b"Connection: close"))
    assert not connection.wire.writes
    assert head_of(await connection.answered())[0] == 200
    assert connection.wire.closed


async def test_whoever_reads_nothing_is_written_nothing():
    connection = await warm()
    connection.reads(nothing=True)
    connection.send(PAGE)
    for _ in range(10):
        await asyncio.sleep(0)
    assert not connection.wire.writes
    connection.reads(nothing=False)
    assert head_of(await connection.answered())[0] == 200


@pytest.mark.parametrize(
    ("line", "body"), [(b"Transfer-Encoding: xchunked", b""), (b"Transfer-Encoding: chunked", b"zz\r\n")]
)
async def test_a_page_asked_for_with_a_body_that_is_none_is_refused(line: bytes, body: bytes):
    connection = await warm()
    connection.send(with_line(line) + body)
    status, headers = head_of(await connection.answered())
    assert (status, headers["connection"], connection.wire.closed) == (400, "close", True)
