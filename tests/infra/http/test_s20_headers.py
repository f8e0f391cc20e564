"""S20: nothing that a caller or a row brings makes a header of its own."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.infra.guest_tokens import GuestTokens
from merx.infra.http.cookies import CookieMode
from merx.infra.http.middleware import Frame
from merx.infra.http.responses import Encoded
from merx.infra.http.server import header_block
from merx.infra.settings import Settings
from tests.infra.http.toy import MEMORY, Toys
from tests.infra.http.wire import Connection, head_of
from tests.support.asgi import AsgiClient
from tests.support.stage import staged

# What ends a line for some reader or other.
BREAKS = ("\r\n", "\n", "\r", "\0", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "%0d%0a", "\\r\\n", "嘊嘍")
# Every header whose value is not a constant of ours.
NAMES = (b"etag", b"location", b"set-cookie", b"content-disposition", b"retry-after", b"x-own")
VALUES = st.text(alphabet=st.sampled_from('ab:;=,/ "\t\r\n\0\x0b\x7f\x85é'), max_size=30).map(
    lambda text: text.encode("latin-1")
)


@given(st.sampled_from(NAMES), VALUES)
def test_s20_a_head_has_the_lines_that_were_meant(name: bytes, value: bytes):
    block = header_block(200, [(b"content-type", b"text/plain"), (name, value)])
    broken = any((byte < 0x20 and byte != 0x09) or byte == 0x7F for byte in value)
    if broken:
        assert block is None
    else:
        assert block is not None
        assert block.split(b"\r\n")[1:] == [b"content-type: text/plain", name + b": " + value, b""]


class _Answers:
    """An application whose answer has this header."""

    def __init__(self, name: bytes, value: bytes) -> None:
        self._answer = Encoded(b"{}", headers=[(name, value)])

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._answer(scope, receive, send)


async def test_s20_no_header_of_an_answer_breaks_its_head():
    """Whole answers take the short way, others that of the server: neither writes such a head."""
    found, parts = [], staged(MEMORY, Toys(MEMORY))._parts
    for name in NAMES:
        for text in BREAKS:
            value = f"a{text}set-cookie: evil=1".encode()
            frame = Frame(_Answers(name, value), parts)
            wire = b"".join(await Connection(frame).ask("/x"))
            lines = wire.partition(b"\r\n\r\n")[0].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
            if any(line.startswith(b"set-cookie: evil") for line in lines) or b"\0" in wire:
                found.append((name, text))
    assert found == []


async def test_s20_what_a_caller_names_comes_back_harmless():
    """The request id is the one thing that an answer repeats."""
    client = AsgiClient(staged(MEMORY, Toys(MEMORY)))
    for text in BREAKS:
        given = f"abcdefgh{text}set-cookie: a=b".encode()
        answer = await client.get("/api/v1/toys", headers=[(b"x-request-id", given)])
        assert answer.status == 200
        assert (answer.header("x-request-id") or "").replace("-", "").isalnum()
        assert answer.header("set-cookie") is None


async def test_s20_on_the_wire_a_broken_request_id_is_no_request():
    connection = Connection(staged(MEMORY, Toys(MEMORY)))
    connection.send(
        b"GET /api/v1/toys/product HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: abcdefgh\rset-cookie: a\r\n\r\n"
    )
    status, headers = head_of(await connection.answered())
    assert status == 400
    assert "set-cookie" not in headers


@pytest.mark.parametrize("text", [*BREAKS, ";", " ", ",", '"', "\\", "é"])
def test_s20_no_cookie_takes_what_ends_it(text: str):
    mode = CookieMode(Settings(public_url="https://shop.example"), GuestTokens(b"k" * 32))
    with pytest.raises(ValueError, match="no token of ours"):
        mode.access_cookie(f"a{text}b", 1)
    with pytest.raises(ValueError, match="no token of ours"):
        mode.refresh_cookie(f"a{text}b", 1)
