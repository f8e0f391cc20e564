"""The access line: one for each request, written outside loguru, which would cost more than the rest of the frame."""

from datetime import UTC, datetime

import msgspec

from merx.infra.log_writer import LineWriter

_encode = msgspec.json.Encoder().encode
_COLOURS = {2: "\x1b[32m", 3: "\x1b[36m", 4: "\x1b[33m", 5: "\x1b[31m"}


class AccessLine(msgspec.Struct, frozen=True, kw_only=True):
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

    def as_json(self) -> bytes:
        line = {
            "time": datetime.fromtimestamp(self.at, UTC).isoformat(timespec="milliseconds"),
            "level": "info",
            "logger": "access",
            "method": self.method,
            "path": shown_path(self.path, self.template),
            "route": self.template,
            "status": self.status,
            "ms": round(self.seconds * 1000, 2),
            "request_id": self.request_id,
            "client": self.client,
            "who": self.who,
            "cached": self.cached,
        }
        return _encode(line) + b"\n"

    def as_text(self) -> bytes:
        shown = "".join(char if char.isprintable() else "?" for char in shown_path(self.path, self.template))
        when = datetime.fromtimestamp(self.at, UTC)
        status = f"{_COLOURS.get(self.status // 100, '')}{self.status}\x1b[0m"
        return f"{when:%H:%M:%S} {self.method:<6} {status} {shown} {self.seconds * 1000:.1f} ms\n".encode(
            "utf-8", "replace"
        )


def shown_path(path: str, template: str) -> str:
    """The path, or its template when a part of the path is itself a key to something."""
    if "token" in template:
        return template
    return path if len(path) <= 200 else path[:200] + "…"


class AccessLog:
    """Lines are made in the writer's thread, off the way of the request. `text` is for terminals."""

    def __init__(self, writer: LineWriter, *, text: bool = False) -> None:
        self._write = writer.write
        self._text = text

    def add(self, line: AccessLine) -> None:
        self._write(line.as_text if self._text else line.as_json)
