"""Log lines: one JSON object each, complete, with nothing secret, and never in the way of the work."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loguru import logger

from merx.infra.http.access import AccessLine, AccessLog
from merx.infra.http.shown_paths import FROM_CACHE, ShownPaths
from merx.infra.log_writer import LineWriter
from merx.infra.logging import REQUEST_ID, configure_logging, hide, hide_text
from merx.infra.settings import Settings
from tests.support.usual_log import log_as_usual


class Log:
    def __init__(self, path: Path, settings: Settings) -> None:
        self.path = path
        self.writer = configure_logging(settings, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND))

    def text(self) -> str:
        self.writer.flush()
        return self.path.read_text()

    def lines(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(line) for line in self.text().splitlines()]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    yield Log(tmp_path / "log", Settings(log_format="json"))
    log_as_usual()
    logging.getLogger().handlers.clear()


def test_a_line_has_time_level_origin_request_and_values(log: Log):
    token = REQUEST_ID.set("req-1")
    logger.bind(order="o1").info("order {} placed", 7)
    REQUEST_ID.reset(token)
    [line] = log.lines()
    assert line["message"] == "order 7 placed"
    assert (line["level"], line["request_id"], line["order"]) == ("info", "req-1", "o1")
    assert line["logger"].endswith("test_logging")
    assert line["time"]


def test_secrets_do_not_get_in(log: Log):
    logger.bind(
        password="hunter22",
        email="canary@example.com",
        nested={"Authorization": "Bearer canary-token", "n": 1},
        phone=12345,
    ).warning(
        "mail to canary@example.com with Bearer canary-token-123 at postgresql://u:canary@h/d eyJhbGciOi.eyJzdWIiOi.sig"
    )
    try:
        raise ValueError("no such account canary@example.com")
    except ValueError:
        logger.exception("failed")
    text = log.text()
    assert "canary" not in text
    assert "hunter22" not in text
    assert '"n":1' in text


def test_line_breaks_stay_inside_a_line(log: Log):
    logger.bind(name="a\nb").info("one\r\n{}", '{"level":"critical"}\n')
    assert len(log.text().splitlines()) == 1


BREAKS = st.sampled_from('\r\n\0\x0b\x0c\x1b\x1c\x85\u2028\u2029"\\{}%')
EVIL = st.text(alphabet=st.one_of(BREAKS, st.characters(codec="utf-8")), max_size=60)


# Of a shop without routes: what comes out of the cache is shown as it is.
SHOWN = ShownPaths(())


def access_line(path: str, template: str) -> AccessLine:
    return AccessLine(
        at=0.0,
        method="GET",
        path=path,
        template=template,
        status=200,
        seconds=0.1,
        request_id="r",
        client="192.0.2.1",
        who="customer",
        cached=False,
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=EVIL, message=EVIL, path=EVIL)
def test_s20_every_event_is_one_line_whatever_it_is_about(log: Log, name: str, message: str, path: str):
    """As a reader of the file splits it: at line feeds."""
    log.writer.flush()
    log.path.write_bytes(b"")
    logger.bind(customer_name=name).info("{}", message)
    access = AccessLog(log.writer, SHOWN)
    access.add(access_line("/" + path, FROM_CACHE))
    log.writer.flush()
    raw = log.path.read_bytes()
    lines = [msgspec.json.decode(part) for part in raw.split(b"\n") if part]
    assert raw.count(b"\n") == len(lines) == 2
    assert not {0x0D, 0x00} & set(raw)
    assert {each["logger"] for each in lines} == {"access", lines[0]["logger"], lines[1]["logger"]}
    assert any(each.get("path", "").startswith("/") for each in lines)


def test_s20_a_terminal_is_told_nothing_by_a_path():
    text = access_line("/a\r\n\x1b[2J\0", FROM_CACHE).as_text(SHOWN)
    assert (text.count(b"\n"), b"\r" in text, b"\x1b[2J" in text, b"\0" in text) == (1, False, False, False)


def test_exceptions_carry_their_trace_but_no_variables(log: Log):
    canary = "variable-value"
    try:
        _ = 1 / len(canary[:0])
    except ZeroDivisionError:
        logger.exception("failed")
    [line] = log.lines()
    assert "ZeroDivisionError" in line["exception"]
    assert "variable-value" not in line["exception"].replace('canary = "variable-value"', "")


def test_values_that_cannot_be_written_do_not_cost_the_line(log: Log):
    class Odd:
        def __str__(self) -> str:
            raise TypeError("no text")

    logger.bind(odd=Odd()).info("still here")
    assert log.lines()[0]["message"] == "still here"


def test_libraries_log_into_the_same_stream(log: Log):
    logging.getLogger("some.library").warning("careful: %s", "hot")
    logging.getLogger("httpx").info("noise")
    [line] = log.lines()
    assert (line["level"], line["message"]) == ("warning", "careful: hot")


def test_text_for_people(tmp_path: Path):
    log = Log(tmp_path / "log", Settings(log_format="text"))
    logger.bind(order="o1").warning("careful")
    assert "warning careful" in log.text()
    assert "order=o1" in log.text()
    log_as_usual()


def test_level(tmp_path: Path):
    log = Log(tmp_path / "log", Settings(log_format="json", log_level="error"))
    logger.info("no")
    logger.error("yes")
    assert [line["message"] for line in log.lines()] == ["yes"]
    log_as_usual()


@pytest.mark.parametrize(
    "key", ["password", "new_password", "apiKey", "api_key", "X-Cart-Token", "Cookie", "e_mail", "DSN"]
)
def test_hidden_keys(key: str):
    hidden = hide({key: "canary", "list": [{key: "canary"}], "plain": "seen"})
    assert "canary" not in str(hidden)
    assert hidden["plain"] == "seen"


def test_plain_text_is_left_alone():
    for text in ("2 @ 3.50", "see https://example.com/a:b", "order 17 at 10:30"):
        assert hide_text(text) == text


def test_a_stuck_reader_loses_lines_but_not_time():
    read, write = os.pipe()
    writer = LineWriter(write, max_lines=10, flush_seconds=60)
    for _ in range(25):
        writer.write(b"x\n")
    writer.flush()
    assert os.read(read, 10_000).count(b"\n") == 11
    os.close(read)
    writer.write(b"nobody listens\n")
    writer.flush()
    os.close(write)


def test_access_lines(tmp_path: Path):
    path = tmp_path / "access"
    writer = LineWriter(os.open(path, os.O_WRONLY | os.O_CREAT))
    line = AccessLine(
        at=1_770_000_000.25, method="GET", path='/a"b\n', template=FROM_CACHE, status=200, seconds=0.0123,
        request_id="r1", client="1.2.3.4", who="customer", cached=False,
    )  # fmt: skip
    access = AccessLog(writer, SHOWN)
    access.add(line)
    access.add(msgspec.structs.replace(line, path="/a/b", template="(no route)"))
    writer.flush()
    first, second = (msgspec.json.decode(text) for text in path.read_text().splitlines())
    assert first == {
        "time": "2026-02-02T02:40:00.250Z", "level": "info", "logger": "access", "method": "GET", "path": '/a"b\n',
        "route": "(from cache)", "status": 200, "ms": 12.3, "request_id": "r1", "client": "1.2.3.4", "who": "customer",
        "cached": False,
    }  # fmt: skip
    assert second["path"] == "/[hidden]/[hidden]"
    assert b"\n" not in line.as_text(SHOWN)[:-1]


class FlushingPaths(ShownPaths):
    """The writer's thread comes while a line is made."""

    def __init__(self, writer: LineWriter) -> None:
        super().__init__(())
        self._writer = writer

    def __call__(self, path: str, template: str, status: int) -> str:
        self._writer.flush()
        return path


def test_a_line_that_is_made_while_lines_are_written_is_not_lost(log: Log):
    access = AccessLog(log.writer, FlushingPaths(log.writer))
    for number in range(3):
        access.add(access_line(f"/{number}", FROM_CACHE))
    assert [line["path"] for line in log.lines()] == ["/0", "/1", "/2"]
