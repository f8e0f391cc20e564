"""Load from keep-alive connections in one thread: epoll, no event loop, a few µs a request.

A user is a generator: it yields the bytes of a request, is given the answer, and asks again at once.
"""

import select
import socket
from array import array
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from itertools import count
from time import perf_counter
from typing import Any, NamedTuple

import msgspec


class Answer(NamedTuple):
    status: int
    body: bytes

    def json(self) -> Any:
        return msgspec.json.decode(self.body)


User = Generator[bytes, Answer, object]


class Run(NamedTuple):
    """`times` are the seconds of each request answered before the end, `seconds` the time they took together."""

    times: array
    statuses: Counter[int]
    seconds: float

    @property
    def rate(self) -> float:
        return len(self.times) / self.seconds

    def quantile(self, part: float) -> float:
        """Seconds."""
        ordered = sorted(self.times)
        return ordered[min(int(len(ordered) * part), len(ordered) - 1)]

    def expect(self, *statuses: int) -> "Run":
        """Raises RuntimeError when anything else was answered: the rate of refusals is no figure."""
        other = {status: number for status, number in self.statuses.items() if status not in statuses}
        if other or not self.times:
            raise RuntimeError(f"answers by status: {dict(self.statuses)}")
        return self


class Connection:
    __slots__ = ("_buffer", "sent_at", "socket")

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""
        self.sent_at = 0.0

    def send(self, request: bytes) -> None:
        self.sent_at = perf_counter()
        self.socket.sendall(request)

    def received(self) -> Answer | None:
        """The answer, when what is here now completes it. Raises RuntimeError when the server closed the connection."""
        received = self.socket.recv(262_144)
        if not received:
            raise RuntimeError(f"the server closed a connection after {self._buffer[:300]!r}")
        self._buffer = self._buffer + received if self._buffer else received
        answer = parse(self._buffer)
        if answer is not None:
            self._buffer = b""
        return answer


def drive(port: int, users: Iterable[User], seconds: float, *, patience: float = 30.0) -> Run:
    """Runs all users at once until each is done, or until `seconds` are over.

    Raises RuntimeError when the server closes a connection or says nothing for `patience` seconds.
    """
    connections = {c.socket.fileno(): (c, user) for c, user in [(Connection(port), user) for user in users]}
    poll = select.epoll()
    for number in connections:
        poll.register(number, select.EPOLLIN)
    times, statuses = array("d"), Counter[int]()
    started = perf_counter()
    until = started + seconds
    for connection, user in list(connections.values()):
        connection.send(next(user))
    finished = started
    try:
        while connections:
            ready = poll.poll(patience)
            if not ready:
                raise RuntimeError(f"no answer to {len(connections)} requests in {patience:.0f} s")
            for number, _ in ready:
                connection, user = connections[number]
                answer = connection.received()
                if answer is None:
                    continue
                finished = perf_counter()
                times.append(finished - connection.sent_at)
                statuses[answer.status] += 1
                try:
                    if finished >= until:
                        raise StopIteration
                    connection.send(user.send(answer))
                except StopIteration:
                    poll.unregister(number)
                    connections.pop(number)[0].socket.close()
    finally:
        poll.close()
        for connection, _ in connections.values():
            connection.socket.close()
    return Run(times, statuses, finished - started)


def parse(received: bytes) -> Answer | None:
    """The answer when all of it is there. Servers here write header names in small letters."""
    head = received.find(b"\r\n\r\n")
    if head < 0:
        return None
    status = int(received[9:12])
    at = received.find(b"content-length: ", 0, head)
    if at >= 0:
        at += 16
        end = head + 4 + int(received[at : received.index(b"\r", at)])
        return Answer(status, received[head + 4 : end]) if len(received) >= end else None
    if received.find(b"transfer-encoding: chunked", 0, head) >= 0:
        return Answer(status, b"".join(_chunks(received[head + 4 :]))) if received.endswith(b"0\r\n\r\n") else None
    return Answer(status, b"")


def _chunks(rest: bytes) -> Iterator[bytes]:
    at = 0
    while size := int(rest[at : (line := rest.index(b"\r\n", at))], 16):
        yield rest[line + 2 : line + 2 + size]
        at = line + 4 + size


def request(method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> bytes:
    """The bytes of a request; `body` becomes JSON."""
    lines = [f"{method} {path} HTTP/1.1", "host: localhost", "accept: application/json"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    content = b""
    if body is not None:
        content = msgspec.json.encode(body)
        lines += ["content-type: application/json", f"content-length: {len(content)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + content


def repeating(requests: Sequence[bytes], offset: int, stride: int) -> User:
    """A user that asks for every `stride`th of the requests, for ever."""
    length = len(requests)
    for number in count(offset, stride):
        yield requests[number % length]


def readers(requests: Sequence[bytes], connections: int) -> list[User]:
    """Users that share the requests evenly, each with its own."""
    return [repeating(requests, offset, connections) for offset in range(connections)]
