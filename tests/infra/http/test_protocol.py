"""What the server takes from a connection before there is a request: little, and not for long."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from uvicorn.config import Config
from uvicorn.server import Server

from merx.infra.http.protocol import MAX_HEAD, GuardedProtocol, protocol_for
from tests.infra.http.toy import MEMORY, Toys
from tests.infra.http.wire import Connection, head_of
from tests.support.stage import staged

TOYS = "/api/v1/toys?limit=1"
GET = b"GET /api/v1/toys?limit=1 HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /api/v1/toys/webhook HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"


@pytest.fixture
def app() -> Any:
    return staged(MEMORY, Toys(MEMORY))


@pytest.fixture
async def connection(app: Any) -> Connection:
    return Connection(app)


def refused(wire: bytes, status: int, slug: str) -> dict[str, str]:
    """The headers of what must be the only and the last answer."""
    code, headers = head_of(wire)
    body = wire.partition(b"\r\n\r\n")[2]
    assert code == status
    assert headers["content-type"] == "application/problem+json"
    assert headers["connection"] == "close"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["cache-control"] == "no-store"
    assert int(headers["content-length"]) == len(body)
    problem = msgspec.json.decode(body)
    assert (problem["status"], problem["slug"]) == (status, slug)
    assert problem["request_id"] == headers["x-request-id"]
    return headers


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n",
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", GET + b"a b: c\r\n\r\n",
        GET + b"X: a\rb\r\n\r\n", POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)  # fmt: skip
async def test_what_is_no_http_is_a_problem_like_any_other(connection: Connection, request_: bytes):
    connection.send(request_)
    refused(await connection.answered(), 400, "request.malformed")
    assert connection.wire.closed


async def test_a_refusal_says_hsts_where_the_shop_is_https(app: Any):
    for url, said in (("https://shop.example", True), ("http://localhost:8000", False)):
        connection = Connection(app, protocol_for(url))
        connection.send(b"nonsense\r\n\r\n")
        headers = refused(await connection.answered(), 400, "request.malformed")
        assert ("strict-transport-security" in headers) is said


class TestSize:
    @pytest.mark.parametrize("piece", [100, 4096, 60_000])
    async def test_s30_one_endless_header(self, connection: Connection, piece: int):
        connection.send(GET + b"X-Long: ")
        sent = 0
        while not connection.wire.closed:
            connection.send(b"a" * piece)
            sent += piece
            assert sent < MAX_HEAD + 2 * piece
        refused(await connection.answered(), 431, "request.headers-too-large")
        connection.send(b"a" * 1000)
        assert len(connection.wire.writes) == 1

    async def test_s30_many_headers(self, connection: Connection):
        connection.send(GET)
        for _ in range(100):
            connection.send(b"X-A: %b\r\n" % (b"a" * 1000))
        refused(await connection.answered(), 431, "request.headers-too-large")

    async def test_all_in_one_piece(self, connection: Connection):
        connection.send(GET + b"X-Long: " + b"a" * 70_000 + b"\r\n\r\n")
        refused(await connection.answered(), 431, "request.headers-too-large")

    @pytest.mark.parametrize("end", [b"", b" HTTP/1.1\r\nHost: localhost\r\n\r\n"])
    async def test_s30_a_long_url(self, connection: Connection, end: bytes):
        connection.send(b"GET /" + b"a" * 70_000 + end)
        refused(await connection.answered(), 414, "request.url-too-long")

    async def test_headers_behind_a_body(self, connection: Connection):
        connection.send(POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n")
        for _ in range(100):
            connection.send(b"X-A: %b\r\n" % (b"a" * 1000))
        assert connection.wire.closed
        refused(await connection.answered(), 431, "request.headers-too-large")

    async def test_a_body_does_not_count(self, connection: Connection):
        connection.send(POST + b"Content-Length: 200000\r\n\r\n" + b"a" * 100_000)
        connection.send(b"a" * 100_000 + GET)
        connection.send(b"\r\n")
        wire = await connection.answered()
        assert wire.count(b"HTTP/1.1 200 OK") == 2
        assert not connection.wire.closed

    async def test_many_requests_in_one_piece_do_not_count(self, connection: Connection):
        many = 2 * MAX_HEAD // len(GET)
        connection.send((GET + b"\r\n") * many + GET)
        connection.send(b"\r\n")
        assert (await connection.answered()).count(b"HTTP/1.1 200 OK") == many + 1

    async def test_an_earlier_request_gets_its_own_answer(self, connection: Connection):
        connection.send(GET + b"\r\n" + b"nonsense\r\n\r\n")
        wire = await connection.answered()
        status, headers = head_of(wire)
        assert (status, headers["connection"]) == (200, "close")
        assert wire.count(b"HTTP/1.1") == 1
        assert connection.wire.closed


async def closed(connection: Connection) -> bytes:
    async with asyncio.timeout(60):
        while not connection.wire.closed:
            await asyncio.sleep(1)
    return await connection.answered()


@pytest.mark.hurried
class TestTime:
    async def test_s30_a_silent_connection_is_closed(self, app: Any):
        assert await closed(Connection(app)) == b""

    async def test_s30_a_trickling_head_is_given_up(self, app: Any):
        connection = Connection(app)
        connection.send(GET)
        while not connection.wire.closed:
            connection.send(b"X-A: b\r\n")
            await asyncio.sleep(1)
        refused(await connection.answered(), 408, "request.too-slow")

    async def test_a_connection_between_two_requests_lives_on(self, connection: Connection):
        await connection.ask(TOYS)
        await asyncio.sleep(40)
        assert not connection.wire.closed
        assert head_of(b"".join(await connection.ask(TOYS)))[0] == 200
        connection.wire.writes.clear()
        connection.send(GET)
        refused(await closed(connection), 408, "request.too-slow")

    async def test_s30_empty_lines_keep_nothing_open(self, connection: Connection):
        await connection.ask(TOYS)
        async with asyncio.timeout(60):
            while not connection.wire.closed:
                connection.send(b"\r\n")
                await asyncio.sleep(1)

    async def test_s30_a_body_that_stops_is_given_up(self, app: Any):
        connection = Connection(app)
        connection.send(POST + b"Content-Length: 100\r\n\r\nabc")
        refused(await closed(connection), 408, "request.too-slow")

    async def test_a_body_that_moves_is_waited_for(self, app: Any):
        connection = Connection(app)
        connection.send(POST + b"Content-Length: 10\r\n\r\n")
        for _ in range(10):
            await asyncio.sleep(4)
            connection.send(b"a")
        assert head_of(await connection.answered())[0] == 200

    async def test_s30_an_answer_that_nobody_reads_keeps_no_connection(self, connection: Connection):
        """Closing waits for the last byte to be read: whoever never reads would hold as many as there are."""
        await connection.ask(TOYS)
        connection.wire.unread = 70_000
        for _ in range(6):
            await asyncio.sleep(10)
            # Slow, and not dead.
            connection.wire.unread -= 10_000
            assert not connection.wire.aborted
        connection.wire.close()
        await asyncio.sleep(30)
        assert connection.wire.aborted

    async def test_s30_who_was_answered_cannot_go_on_sending(self, app: Any):
        connection = Connection(app)
        connection.send(POST + b"Content-Length: 9000000\r\n\r\n")
        assert head_of(await connection.answered())[0] == 413
        async with asyncio.timeout(60):
            while not connection.wire.closed:
                connection.send(b"a")
                await asyncio.sleep(1)
        assert (await connection.answered()).count(b"HTTP/1.1") == 1

    async def test_a_slow_answer_is_no_fault_of_the_client(self):
        async def slow(scope: Any, receive: Any, send: Any) -> None:
            await asyncio.sleep(40)
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})

        connection = Connection(slow)
        connection.send(GET + b"\r\n")
        assert head_of(await connection.answered())[0] == 204
        assert not connection.wire.closed

    async def test_nothing_runs_on_when_the_client_is_gone(self, connection: Connection):
        connection.lost()
        await asyncio.sleep(20)
        assert not connection._server._watch


class Impatient(GuardedProtocol):
    head_seconds = 0.1
    stall_seconds = 0.15


@contextlib.asynccontextmanager
async def served(app: Any) -> AsyncIterator[int]:
    """uvicorn on a real socket."""
    config = Config(app, port=0, http=Impatient, ws="none", lifespan="off", log_config=None, access_log=False)
    server = Server(config)
    # Signals belong to the test runner.
    server.capture_signals = contextlib.nullcontext
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await task


@pytest.mark.services
async def test_on_a_socket(app: Any):
    async with served(app) as port, asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await reader.read() == b"", "silence"
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET + b"X: " + b"a" * 70_000)
        refused(await reader.read(), 431, "request.headers-too-large")
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(POST + b"Content-Length: 100\r\n\r\nabc")
        refused(await reader.read(), 408, "request.too-slow")
        writer.close()
