"""A short way out: a whole answer written to uvicorn's transport in one piece.

uvicorn writes the head as soon as it is known and then the body: two system calls, two packets, two wake-ups of the
client, and two regular expressions for each header. Together that is as much as everything Merx does for a cached
answer. What is not a whole plain answer goes uvicorn's own way, and so does everything under another server.
"""

from collections.abc import Iterable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HEADER_RE, STATUS_LINE, RequestResponseCycle

from merx.infra.http.problems import RawHeaders

# Joining copies the body; beyond this size a second write is cheaper.
MAX_JOINED = 128 * 1024
_BODILESS = (204, 304)
_LINE_END = b"\r\n"
# Bytes that may be in a header line. Of a sound block the line ends are left, one for each line.
_PRINTABLE = bytes(byte for byte in range(256) if byte == 0x09 or (byte >= 0x20 and byte != 0x7F))
# These change what uvicorn does with the connection.
_SPECIAL = frozenset({b"connection", b"transfer-encoding"})
# Header names are constants of our code: each is looked at once.
_known: set[bytes] = set()


def short_way(send: Any) -> RequestResponseCycle | None:
    """uvicorn's side of a request whose answer may be written in one piece."""
    cycle = getattr(send, "__self__", None)
    # Exactly this class: a subclass may do more when something is sent.
    if type(cycle) is not RequestResponseCycle or cycle.response_started or cycle.disconnected:
        return None
    return cycle if takes_one_write(cycle) else None


def takes_one_write(cycle: RequestResponseCycle) -> bool:
    """Whether a fresh request may be answered this way."""
    return cycle.keep_alive and not cycle.flow.write_paused and not cycle.access_log


def has_come(receive: Any) -> bool:
    """Whether the whole body is here. Under another server nobody knows: then it counts as here."""
    cycle = getattr(receive, "__self__", None)
    return type(cycle) is not RequestResponseCycle or not cycle.more_body


def header_block(status: int, headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """Status line and header lines, without the empty line at the end; None when uvicorn has to look at it."""
    parts = [STATUS_LINE[status]]
    for name, value in headers:
        if name not in _known and not _learn(name):
            return None
        parts += (name, b": ", value, _LINE_END)
    block = b"".join(parts)
    # More line ends than lines: a value brought a line of its own.
    return block if block.translate(None, _PRINTABLE) == _LINE_END * ((len(parts) + 3) // 4) else None


def header_lines(headers: RawHeaders) -> bytes:
    """Header lines of our own making, such as uvicorn's date."""
    return b"".join(b"%b: %b\r\n" % item for item in headers)


def write(cycle: RequestResponseCycle, wire: bytes) -> None:
    """The whole answer. The request is over then, for uvicorn too."""
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    cycle.transport.write(wire)
    cycle.message_event.set()
    cycle.on_response()


def write_answer(cycle: RequestResponseCycle, status: int, headers: RawHeaders, body: bytes) -> bool:
    """False when it is not a whole plain answer; nothing was written then."""
    if len(body) > MAX_JOINED or not _lengths_agree(status, headers, body):
        return False
    block = header_block(status, (*cycle.default_headers, *headers))
    if block is None:
        return False
    write(cycle, block + _LINE_END + body)
    return True


def _lengths_agree(status: int, headers: RawHeaders, body: bytes) -> bool:
    for name, value in headers:
        if name == b"content-length":
            return value == b"%d" % len(body)
    return not body and status in _BODILESS


def _learn(name: bytes) -> bool:
    if name in _SPECIAL or name != name.lower() or HEADER_RE.search(name) or len(_known) > 500:
        return False
    _known.add(name)
    return True
