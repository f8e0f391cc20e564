"""Answers on the wire under uvicorn: in one piece where that is right, and the same as anywhere else."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from merx.infra.http.inbound import MAX_HEADERS
from merx.infra.http.middleware import Frame
from merx.infra.http.server import MAX_JOINED
from merx.kernel.actor import ActorKind
from merx.kernel.ids import new_id
from tests.infra.http.toy import MEMORY, Toys, toy_app
from tests.infra.http.wire import Connection, head_of
from tests.support.asgi import AsgiClient
from tests.support.stage import staged

PRODUCT = "/api/v1/toys/product"


@pytest.fixture
def toys() -> Toys:
    return Toys(MEMORY)


@pytest.fixture
async def connection(toys: Toys) -> Connection:
    """Its product is in the cache."""
    made = Connection(staged(MEMORY, toys))
    await made.ask(PRODUCT)
    assert len(toys.cache) == 1
    return made


async def test_a_cached_answer_is_one_write_and_the_same_as_elsewhere(connection: Connection, toys: Toys):
    (wire,) = await connection.ask(PRODUCT)
    plain = await AsgiClient(toy_app(toys=toys)).get(PRODUCT)
    status, headers = head_of(wire)
    elsewhere = {name.decode(): value.decode() for name, value in plain.headers}
    assert (status, wire.partition(b"\r\n\r\n")[2]) == (200, plain.body)
    assert headers.pop("date") == "Mon, 23 Nov 2026 10:00:00 GMT"
    assert headers.pop("x-request-id") != elsewhere.pop("x-request-id")
    assert headers == elsewhere
    assert toys.product.reads == 1


async def test_a_cached_answer_is_not_sent_to_who_has_it(connection: Connection):
    (wire,) = await connection.ask(PRODUCT)
    etag = head_of(wire)[1]["etag"]
    (wire,) = await connection.ask(PRODUCT, f"If-None-Match: {etag}")
    status, headers = head_of(wire)
    assert (status, headers["etag"]) == (304, etag)
    assert not {"content-type", "content-length"} & headers.keys()
    assert wire.endswith(b"\r\n\r\n")


async def test_a_cached_answer_carries_the_callers_request_id(connection: Connection):
    (wire,) = await connection.ask(PRODUCT, "X-Request-Id: 0123456789")
    assert head_of(wire)[1]["x-request-id"] == "0123456789"
    (wire,) = await connection.ask(PRODUCT, 'X-Request-Id: "<script>"')
    assert "script" not in head_of(wire)[1]["x-request-id"]


async def test_what_is_cached_passes_no_check_that_others_do_not(connection: Connection, toys: Toys):
    elsewhere = "GET /api/v1/toys/product HTTP/1.1\r\nHost: evil.example"
    connection.wire.writes.clear()
    connection.send(f"{elsewhere}\r\n\r\n".encode())
    await asyncio.sleep(0.01)
    assert head_of(b"".join(connection.wire.writes))[0] == 400
    assert head_of(b"".join(await connection.ask(PRODUCT, "Authorization: Bearer x")))[0] == 401
    assert head_of(b"".join(await connection.ask(PRODUCT, "Host: localhost")))[0] == 400
    assert head_of(b"".join(await connection.ask(PRODUCT, f"X-Long: {'a' * 40_000}")))[0] == 431
    many = [f"X-{number}:" for number in range(MAX_HEADERS)]
    assert head_of(b"".join(await connection.ask(PRODUCT, *many)))[0] == 431
    token = toys.tokens.issue(new_id(), ActorKind.staff, ["*"])
    await connection.ask(PRODUCT, f"Authorization: Bearer {token}")
    assert toys.product.reads == 2, "staff sees the present state"


async def test_head_of_a_cached_answer_has_no_body(connection: Connection):
    wire = b"".join(await connection.ask(PRODUCT, method="HEAD"))
    status, headers = head_of(wire)
    assert (status, headers["content-length"]) == (200, "13")
    assert wire.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(("method", "status"), [("OPTIONS", 204), ("TRACE", 405), ("PROPFIND", 405)])
async def test_only_reading_is_answered_from_the_cache(connection: Connection, toys: Toys, method: str, status: int):
    wire = b"".join(await connection.ask(PRODUCT, method=method))
    assert head_of(wire)[0] == status
    assert b'"price"' not in wire
    assert len(toys.cache) == 1


async def test_requests_sent_together_are_answered_in_their_order(connection: Connection):
    writes = await connection.ask(PRODUCT, times=3)
    assert [head_of(wire)[0] for wire in writes] == [200, 200, 200]


async def test_a_connection_that_is_asked_to_close_closes(connection: Connection):
    wire = b"".join(await connection.ask(PRODUCT, "Connection: close"))
    assert head_of(wire)[1]["connection"] == "close"
    assert connection.wire.closed


async def test_a_made_answer_is_one_write(connection: Connection):
    (wire,) = await connection.ask("/api/v1/toys?limit=2")
    status, headers = head_of(wire)
    assert (status, int(headers["content-length"])) == (200, len(wire.partition(b"\r\n\r\n")[2]))
    (wire,) = await connection.ask("/nowhere")
    assert head_of(wire)[0] == 404


Replace = Callable[..., Connection]


@pytest.fixture
def answering(toys: Toys) -> Replace:
    """A connection to the frame in front of an application that sends these messages."""

    def make(*messages: dict[str, Any], error: Exception | None = None) -> Connection:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            for message in messages:
                await send(dict(message))
            if error is not None:
                raise error

        return Connection(Frame(app, staged(MEMORY, toys)._parts))

    return make


def start(status: int = 200, *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(content: bytes = b"", *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": content, "more_body": more}


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b", b"a\nb", b"a\rb", b"a\0b", b"a\x7fb"])
async def test_s20_no_value_brings_a_header_of_its_own(answering: Replace, value: bytes):
    for size in (b"2", b"3"):
        connection = answering(start(200, (b"x-own", value), (b"content-length", size)), body(b"ok"))
        wire = b"".join(await connection.ask("/x"))
        assert b"set-cookie" not in wire
        assert not wire.startswith(b"HTTP/1.1 200")


async def test_a_body_in_parts_goes_out_in_parts(answering: Replace):
    connection = answering(start(), body(b"one", more=True), body(b"two"))
    wire = b"".join(await connection.ask("/x"))
    assert head_of(wire)[1]["transfer-encoding"] == "chunked"
    assert wire.endswith(b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")


async def test_a_large_body_is_not_copied(answering: Replace):
    large = b"x" * (MAX_JOINED + 1)
    connection = answering(start(200, (b"content-length", b"%d" % len(large))), body(large))
    _, sent = await connection.ask("/x")
    assert sent == large


async def test_a_failure_between_head_and_body_is_a_problem_not_half_an_answer(answering: Replace):
    connection = answering(start(200, (b"content-length", b"2")), error=ZeroDivisionError("secret"))
    (wire,) = await connection.ask("/x")
    status, headers = head_of(wire)
    assert (status, headers["content-type"]) == (500, "application/problem+json")
    assert b"secret" not in wire


async def test_a_wrong_length_is_never_written(answering: Replace):
    connection = answering(start(200, (b"content-length", b"9")), body(b"ok"))
    await connection.ask("/x")
    assert connection.wire.closed, "the client must not wait for the rest"


async def test_an_answer_without_a_body_needs_no_length(answering: Replace):
    (wire,) = await answering(start(204), body()).ask("/x")
    assert head_of(wire)[0] == 204
    assert "transfer-encoding" not in head_of(wire)[1]
