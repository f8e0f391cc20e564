"""uvicorn's HTTP protocol with limits of size and time, which it lacks: whoever connects could fill the memory with one
endless header or hold connections open for ever. What is no HTTP is refused in the shape of every other failure.
"""

import asyncio
from asyncio.events import TimerHandle
from typing import Any

import httptools
from loguru import logger
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from merx.infra.http.at_once import AtOnce
from merx.infra.http.inbound import MAX_URL, refusal
from merx.infra.http.problems import MALFORMED, MEDIA_TYPE, Failure
from merx.infra.http.security import NO_STORE, POLICY, SECURITY, security_headers
from merx.infra.http.server import header_lines
from merx.kernel.ids import new_id

# Beyond what is allowed by far (inbound.py): up to there a request gets its answer from the frame.
MAX_HEAD = 64 * 1024

_HEADERS = refusal(431, "request.headers-too-large", "Headers too large", f"A request may begin with {MAX_HEAD} bytes.")
_URL = refusal(414, "request.url-too-long", "URL too long", f"The URL may have {MAX_URL} bytes.")
_SLOW = refusal(408, "request.too-slow", "The request did not arrive in time")

_SLASH = ord("/")
# What the connection waits for.
_NOTHING, _HEAD, _BODY = range(3)


class GuardedProtocol(HttpToolsProtocol):
    """Costs a request 2 µs and no timer: one timer for each connection looks at the time now and then."""

    own_headers = SECURITY
    # For the first line and the headers, and for each next piece of a body.
    head_seconds = 10.0
    stall_seconds = 15.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waits = _HEAD
        # When the client last brought something; 0 while the present piece of data does.
        self._since = 0.0
        # Bytes of earlier pieces, and of the present one, of which nothing came yet that goes to the application.
        self._spent = 0
        self._piece = 0
        self._begun = False
        self._refused = False
        self._watch: TimerHandle | None = None
        # Bytes that the client had not read at the last look.
        self._unread = 0
        # Absent when uvicorn serves some other application.
        self._at_once: AtOnce | None = getattr(self.app, "at_once", None)
        # Whether a request of the present piece of data was asked about.
        self._asked = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it, too
        super().connection_made(transport)
        self._since = self.loop.time()
        self._watch = self.loop.call_later(self.head_seconds, self._look)
        if self._at_once is not None:
            self._at_once.watch(self.loop)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        self._piece = len(data)
        self._asked = False
        HttpToolsProtocol.data_received(self, data)
        if self._waits != _NOTHING:
            if not self._since:
                self._since = self.loop.time()
            self._spent += self._piece
            if self._spent > MAX_HEAD and not self._refused:
                self._refuse(self._too_large())
        elif self.timeout_keep_alive_task is None and self.cycle.response_complete:
            # Empty lines between two requests: uvicorn took them for a request and stopped its own timer.
            self._waits = _HEAD
            self._since = self.loop.time()

    def on_message_begin(self) -> None:
        HttpToolsProtocol.on_message_begin(self)
        if self._waits != _HEAD:
            self._waits = _HEAD
            self._since = 0.0
        self._begun = True
        self._spent = 0

    def on_headers_complete(self) -> None:
        if self._spent + self._piece > MAX_HEAD and self._head_size() > MAX_HEAD:
            # Ends the parser, which has send_400_response called.
            raise ValueError("head too large")
        if self.url[0] != _SLASH:
            self._take_host_of_target()
        HttpToolsProtocol.on_headers_complete(self)
        self._waits = _BODY
        self._since = 0.0
        self._begun = False
        self._spent = self._piece = 0

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        # One in a piece: of many requests sent without waiting each answer would ask for the next from within itself,
        # and all others would wait.
        if self._at_once is not None and not self._asked:
            self._asked = True
            if self._at_once.answer(cycle, len(self.tasks)):
                return
        # Begun by an answer at once to the request before this one.
        self._unset_keepalive_if_required()
        super()._start_asgi_task(cycle, app)

    def on_body(self, body: bytes) -> None:
        HttpToolsProtocol.on_body(self, body)
        self._spent = self._piece = 0
        # Who has the answer already gets no more time to send what nobody reads.
        if not self.cycle.response_complete:
            self._since = 0.0

    def on_message_complete(self) -> None:
        HttpToolsProtocol.on_message_complete(self)
        self._waits = _NOTHING
        self._spent = self._piece = 0

    def send_400_response(self, msg: str) -> None:
        too_large = self._begun and self._head_size() > MAX_HEAD
        self._refuse(self._too_large() if too_large else MALFORMED)

    def _take_host_of_target(self) -> None:
        """`GET http://host/path`: that host counts, whatever `Host` says (RFC 9112 §3.2.2). Two of these stay wrong."""
        named = [item for item in self.headers if item[0] == b"host"]
        target = httptools.parse_url(self.url)
        if len(named) > 1 or not target.host:
            return
        host: bytes = b"[%b]" % target.host if b":" in target.host else target.host
        if target.port is not None:
            host += b":%d" % target.port
        self.headers[:] = [item for item in self.headers if item[0] != b"host"] + [(b"host", host)]

    def _head_size(self) -> int:
        """Of this message, as far as it was read."""
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _too_large(self) -> Failure:
        return _URL if self._begun and len(self.url) > MAX_URL else _HEADERS

    def _look(self) -> None:
        """Close when the client keeps us waiting; look again otherwise."""
        self._watch = None
        left = self._unread_left()
        if not self._refused and not self.transport.is_closing():
            left = max(left, self._left())
        if left > 0:
            self._watch = self.loop.call_later(left, self._look)

    def _unread_left(self) -> float:
        """Seconds to the next look at what the client has not read yet, 0 when there is nothing.

        A connection that closes is open until its last byte was read. Who reads nothing from one look to the next
        reads no more.
        """
        before, self._unread = self._unread, self.transport.get_write_buffer_size()
        if self._unread and self._unread == before:
            self.transport.abort()
            self._unread = 0
        return self.head_seconds if self._unread else 0.0

    def _left(self) -> float:
        """Seconds that the client still has for what it owes; 0 when they are over, and the connection with them."""
        now = self.loop.time()
        if self.flow.read_paused:
            # It is we who do not read.
            self._since = now
        if self._waits == _NOTHING:
            left = self.head_seconds
        else:
            left = self._since + (self.head_seconds if self._waits == _HEAD else self.stall_seconds) - now
        if left > 0:
            return left
        if self._waits == _HEAD and not self._begun:
            self.transport.close()
        else:
            self._refuse(_SLOW)
        return 0.0

    def _refuse(self, failure: Failure) -> None:
        """The last answer on this connection, if the client can tell to what it belongs."""
        self._refused = True
        if self.transport.is_closing():
            return
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            if cycle.scope is not self.scope:
                # An earlier request waits for its answer, and would get this one: let it have its own, then close.
                cycle.keep_alive = False
                return
            cycle.disconnected = True
            cycle.message_event.set()
        answered = cycle is not None and cycle.scope is self.scope and cycle.response_started
        if not answered:
            self._write(failure)
        self.transport.close()

    def _write(self, failure: Failure) -> None:
        request_id = str(new_id())
        logger.info("refused before routing: {}, request id {}", failure.slug, request_id)
        body = failure.body(request_id)
        headers = [
            *self.server_state.default_headers,
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", b"%d" % len(body)),
            *self.own_headers,
            (b"x-request-id", request_id.encode()),
            NO_STORE,
            POLICY,
            (b"connection", b"close"),
        ]
        self.transport.write(STATUS_LINE[failure.status] + header_lines(headers) + b"\r\n" + body)


class GuardedHttpsProtocol(GuardedProtocol):
    """For a shop that is reached by https."""

    own_headers = security_headers(https=True)


def protocol_for(public_url: str) -> type[GuardedProtocol]:
    return GuardedHttpsProtocol if public_url.startswith("https:") else GuardedProtocol
