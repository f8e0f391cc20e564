"""The access line: one for each request, written outside loguru, which would cost more than the rest of the frame."""

from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from merx.infra.http.shown_paths import ShownPaths
from merx.infra.log_writer import MAX_LINES, LineWriter

_encode = msgspec.json.Encoder().encode
_COLOURS = {2: "\x1b[32m", 3: "\x1b[36m", 4: "\x1b[33m", 5: "\x1b[31m"}


class AccessLine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`at` is the wall clock in seconds, `seconds` the time to the end of the answer, `who` the kind of caller."""

    at: float
    method: str
    path: str
    template: str
    status: int
    seconds: float
    request_id: str
    client: str
    who: str
    cached: bool

    def as_json(self, shown: ShownPaths) -> bytes:
        # Not a dictionary and an encoder, which take four times as long. What callers choose is encoded; ids,
        # addresses and templates have no character that JSON would escape.
        path = _text(shown(self.path, self.template, self.status))
        return (
            f'{{"time":"{_second(int(self.at))}.{int(self.at % 1 * 1000):03d}Z","level":"info","logger":"access",'
            f'"method":{_text(self.method)},"path":{path},"route":{_text(self.template)},"status":{self.status},'
            f'"ms":{self.seconds * 1000:.2f},"request_id":"{self.request_id}","client":"{self.client}",'
            f'"who":"{self.who}","cached":{"true" if self.cached else "false"}}}\n'
        ).encode()

    def as_text(self, shown: ShownPaths) -> bytes:
        path = shown(self.path, self.template, self.status)
        path = "".join(char if char.isprintable() else "?" for char in path)
        when = datetime.fromtimestamp(self.at, UTC)
        status = f"{_COLOURS.get(self.status // 100, '')}{self.status}\x1b[0m"
        return f"{when:%H:%M:%S} {self.method:<6} {status} {path} {self.seconds * 1000:.1f} ms\n".encode(
            "utf-8", "replace"
        )


@lru_cache(4096)
def _text(text: str) -> str:
    return _encode(text).decode()


@lru_cache(16)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class AccessLog:
    """Lines are made at once and written by the writer's thread. Made there they would take the interpreter from the
    event loop for half a millisecond at a time, which doubled the p99 of cached pages (tests/bench/product_warm.py).

    `text` is for terminals. Bounded: when the writer cannot follow, lines are left out and the next one written says
    how many.
    """

    def __init__(self, writer: LineWriter, shown: ShownPaths, *, text: bool = False) -> None:
        self._shown = shown
        self._text = text
        self._lines: list[bytes] = []
        self._dropped = 0
        writer.add_source(self._drain)

    def add(self, line: AccessLine) -> None:
        if len(self._lines) < MAX_LINES:
            # Made before the list is looked up: the writer's thread may take the list meanwhile.
            made = line.as_text(self._shown) if self._text else line.as_json(self._shown)
            self._lines.append(made)
        else:
            self._dropped += 1

    def _drain(self) -> bytes:
        lines, self._lines = self._lines, []
        dropped, self._dropped = self._dropped, 0
        text = b"".join(lines)
        if dropped:
            text += b'{"level":"warning","logger":"access","message":"%d access lines left out"}\n' % dropped
        return text
