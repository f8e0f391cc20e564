"""Structured logs: loguru in front, one JSON object a line behind (or text on a terminal), nothing secret in them.

`configure_logging(settings)` once a process; everywhere else `from loguru import logger`.
"""

import logging
import os
import re
import sys
from contextvars import ContextVar
from types import FrameType
from typing import Any

import msgspec
from loguru import logger

from merx.infra.error_text import trace_of
from merx.infra.log_writer import LineWriter
from merx.infra.settings import Settings

# Set by the middleware for a request and by the task receiver for a task; every line of the work carries it.
REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")

HIDDEN = "[hidden]"
_KEYS = re.compile(
    r"password|passwd|secret|token|authorization|cookie|api_?key|e?mail|phone|address|card|otp|vpa|dsn|_url$|credential",
    re.IGNORECASE,
)
_TEXT = re.compile(
    # All that may stand before the `@`, save what more often stands around an address.
    r"(?P<mail>[\w.!#$%&'*+?^{|}~-]{1,64}@[\w-]{1,63}\.[\w.-]{1,63})"
    r"|(?P<jwt>eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?)"
    r"|(?P<own>mx_[a-z]{2,4}_[\w-]{8,})"
    r"|(?P<bearer>(?<=[Bb]earer )[\w.~+/=-]{8,})"
    r"|(?P<dsn>(?<=://)[^\s/@:]{0,64}:[^\s/@]{1,128}(?=@))"
)
_HINTS = ("@", "eyJ", "earer ", "mx_")

_encode = msgspec.json.Encoder(enc_hook=str).encode
_COLOURS = {"WARNING": "\x1b[33m", "ERROR": "\x1b[31m", "CRITICAL": "\x1b[31;1m", "DEBUG": "\x1b[2m"}


def hide_text(text: str) -> str:
    """Text without mail addresses, tokens and passwords of connection strings."""
    if any(hint in text for hint in _HINTS):
        return _TEXT.sub(HIDDEN, text)
    return text


def hide(value: Any, depth: int = 0) -> Any:
    """A copy in which values under keys such as `password`, `token` or `email` are hidden, at any depth."""
    if isinstance(value, str):
        return hide_text(value)
    if depth > 6:
        return HIDDEN
    if isinstance(value, dict):
        return {
            str(key): HIDDEN if _KEYS.search(str(key)) and item else hide(item, depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [hide(item, depth + 1) for item in value]
    if isinstance(value, msgspec.Struct):
        return hide(msgspec.structs.asdict(value), depth + 1)
    return value


def line_of(record: dict[str, Any]) -> dict[str, Any]:
    """One log record as the fields of its line."""
    line: dict[str, Any] = {
        "time": record["time"].isoformat(timespec="milliseconds"),
        "level": record["level"].name.lower(),
        "logger": record["name"],
        "message": hide_text(record["message"]),
    }
    if request_id := record["extra"].get("request_id") or REQUEST_ID.get():
        line["request_id"] = request_id
    for key, value in record["extra"].items():
        if key != "request_id":
            line[key] = HIDDEN if _KEYS.search(key) else hide(value)
    if error := record["exception"]:
        line["exception"] = hide_text(trace_of(error.value) if error.value is not None else str(error.type))
    return line


def as_json(record: dict[str, Any]) -> bytes:
    try:
        return _encode(line_of(record)) + b"\n"
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError):
        # A value that cannot be written must not cost the line.
        return _encode({"level": record["level"].name.lower(), "message": hide_text(record["message"])}) + b"\n"


def as_text(record: dict[str, Any]) -> bytes:
    line = line_of(record)
    level = record["level"].name
    shown = {
        key: value for key, value in line.items() if key not in ("time", "level", "logger", "message", "exception")
    }
    extra = "".join(f" {key}={value}" for key, value in shown.items())
    exception = "\n" + line["exception"].rstrip() if "exception" in line else ""
    message = line["message"].replace("\n", "\n    ")
    return (
        f"{_COLOURS.get(level, '')}{record['time']:%H:%M:%S} {level.lower():<7} {message}\x1b[0m{extra}{exception}\n"
    ).encode("utf-8", "replace")


class _Intercept(logging.Handler):
    """Lines of libraries that log with the standard library."""

    def emit(self, record: logging.LogRecord) -> None:
        level: str | int = record.levelname if record.levelname in _LEVELS else record.levelno
        frame: FrameType | None = logging.currentframe()
        depth = 0
        while frame and (depth == 0 or frame.f_code.co_filename == logging.__file__):
            frame, depth = frame.f_back, depth + 1
        logger.opt(depth=depth, exception=record.exc_info).log(level, "{}", record.getMessage())


_LEVELS = frozenset({"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"})
_QUIET = ("httpx", "httpcore", "asyncio", "taskiq", "uvicorn.error", "urllib3")


def wants_text(settings: Settings, descriptor: int) -> bool:
    if settings.log_format == "auto":
        return os.isatty(descriptor)
    return settings.log_format == "text"


def configure_logging(settings: Settings, descriptor: int | None = None) -> LineWriter:
    """Route loguru and the standard library to one writer (standard error by default), which is answered."""
    target = sys.__stderr__.fileno() if descriptor is None and sys.__stderr__ is not None else (descriptor or 2)
    writer = LineWriter(target)
    encode = as_text if wants_text(settings, target) else as_json

    def sink(message: Any) -> None:
        record = message.record
        writer.write(encode(record))
        if record["level"].no >= logging.ERROR:
            writer.soon()

    logger.remove()
    logger.add(sink, level=settings.log_level.upper(), format=_no_format, backtrace=False, diagnose=False, catch=True)
    logging.basicConfig(handlers=[_Intercept()], level=settings.log_level.upper(), force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.access").disabled = True
    return writer


def _no_format(_record: Any) -> str:
    # The sink writes from the record itself; formatting a text that nobody reads would cost more than the line.
    return ""
