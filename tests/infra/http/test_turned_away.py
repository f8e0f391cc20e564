"""Who is turned away before there is a request: by a process that falls behind, in one write, by no application."""

import asyncio
import time
from typing import Any

import msgspec
import pytest

from merx.infra.http.asgi import Receive, Scope, Send
from merx.infra.http.at_once import AtOnce
from merx.infra.http.exchange import NO_ROUTE
from merx.infra.http.lag import LoopLag
from merx.infra.http.load import LoadGate
from merx.infra.http.request_ids import NewIds
from merx.infra.http.route_classes import RouteClasses
from merx.infra.http.turned_away import TurnedAway
from merx.infra.limits.metrics import SHED
from merx.infra.metrics import RequestMetrics
from merx.infra.settings import Settings
from tests.infra.http.test_load import Held
from tests.infra.http.toy import ToyController, Toys
from tests.infra.http.wire import Connection, head_of
from tests.support.counted import counted
from tests.support.protection import unprotected
from tests.support.stage import fresh

BUSY = Settings(storage="memory", max_in_flight=20, reserved_in_flight=10, busy_in_flight=3, cache_bytes=100_000)
PAGE = b"GET /api/v1/held HTTP/1.1\r\nHost: localhost\r\n"
ORDER = b"POST /api/v1/held/orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"


class ToldLag(LoopLag):
    """Is what a test says, however busy this machine is."""

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Nobody looks."""


class Crowd:
    """An application with connections that share its places, as in one process of uvicorn."""

    def __init__(self, settings: Settings = BUSY) -> None:
        Held.go = asyncio.Event()
        self.lag = ToldLag()
        self.app = fresh(settings, Toys(settings, Held, ToyController), lag=self.lag)
        self._first = Connection(self.app)

    def ask(self, request: bytes) -> Connection:
        connection = Connection(self.app, tasks=self._first._tasks)
        connection.send(request if request.endswith(BODY) else request + b"\r\n")
        return connection

    async def enter(self, number: int) -> list[Connection]:
        waiting = [self.ask(PAGE) for _ in range(number)]
        await asyncio.sleep(0)
        return waiting


@pytest.fixture
async def crowd() -> Crowd:
    return Crowd()


def refusal(connection: Connection) -> dict[str, str] | None:
    """The headers of the 503 that was written at once, if one was."""
    wire = b"".join(connection.wire.writes)
    if not wire:
        return None
    status, headers = head_of(wire)
    problem = msgspec.json.decode(wire.partition(b"\r\n\r\n")[2])
    assert (status, problem["slug"], len(connection.wire.writes)) == (503, "service.unavailable", 1)
    assert problem["request_id"] == headers["x-request-id"]
    given = [(name.encode(), value.encode()) for name, value in headers.items()]
    assert unprotected(given, wire.partition(b"\r\n\r\n")[2]) == ""
    return headers


async def test_a_process_that_keeps_up_has_all_its_places(crowd: Crowd):
    await crowd.enter(9)
    assert refusal(crowd.ask(PAGE)) is None


async def test_one_that_falls_behind_has_few(crowd: Crowd):
    shed = SHED.labels("other")._value.get()
    waiting = await crowd.enter(3)
    crowd.lag.seconds = 0.05
    away = crowd.ask(PAGE + b"X-Request-Id: my-own-request\r\n")
    headers = refusal(away)
    assert headers is not None
    assert headers["x-request-id"] == "my-own-request"
    assert headers["retry-after"] in ("1", "2", "3")
    assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")
    assert "content-security-policy" in headers
    assert SHED.labels("other")._value.get() == shed + 1
    assert counted(crowd.app, NO_ROUTE) == {"5xx": 1}
    # The connection lives on, and is served when there is time again.
    crowd.lag.seconds = 0.0
    away.wire.writes.clear()
    away.send(PAGE + b"\r\n")
    assert not away.wire.writes
    Held.go.set()
    assert head_of(await away.answered())[0] == 200
    assert [head_of(await each.answered())[0] for each in waiting] == [200] * 3


BODY = b'{"a": 10}'
SLOW = b"POST /api/v1/toys HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n"


async def test_s30_bodies_that_do_not_come_take_nobodys_place(crowd: Crowd):
    """Whoever opens many connections and sends little would keep everybody out, with nothing for the process to do."""
    slow = []
    for _ in range(BUSY.max_in_flight):
        slow.append(crowd.ask(SLOW))
        await asyncio.sleep(0)
    crowd.lag.seconds = 0.05
    page = crowd.ask(PAGE)
    assert refusal(page) is None
    crowd.lag.seconds = 0.0
    # Each of them takes memory: as many as there are places, and no more.
    late = crowd.ask(SLOW)
    await asyncio.sleep(0)
    assert refusal(late) is not None
    # Who sends all at once does not wait, and is served.
    whole = crowd.ask(SLOW + b"\r\n" + BODY)
    Held.go.set()
    for each in slow:
        each.send(BODY)
    assert [head_of(await each.answered())[0] for each in (page, whole, *slow)] == [200, 400, *[400] * len(slow)]


async def test_a_body_that_comes_after_the_refusal_is_no_request(crowd: Crowd):
    await crowd.enter(3)
    crowd.lag.seconds = 0.05
    post = b"POST /api/v1/toys HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n"
    away = crowd.ask(post)
    assert refusal(away) is not None
    away.send(b"GET / HTT")
    assert len(away.wire.writes) == 1
    away.wire.writes.clear()
    away.send(PAGE + b"\r\n")
    assert refusal(away) is not None


class Refusing:
    """An application that never answers, with refusals in front of it."""

    def __init__(self, away: TurnedAway) -> None:
        self.at_once = AtOnce(None, away)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.Event().wait()


async def test_those_who_come_together_take_the_core_from_the_others_once(crowd: Crowd):
    yielded: list[int] = []
    load = LoadGate(BUSY, RouteClasses(), lag=crowd.lag)
    app = Refusing(TurnedAway(load, RequestMetrics(), [], NewIds(), lambda: yielded.append(1)))
    [one, *_] = await crowd.enter(3)
    assert not yielded
    crowd.lag.seconds = 0.05
    for turn in (1, 2):
        for _ in range(4):
            caller = Connection(app, tasks=one._tasks)
            caller.send(PAGE + b"\r\n")
            assert caller.wire.writes
        await asyncio.sleep(0)
        assert len(yielded) == turn


async def test_whoever_sent_many_requests_at_once_is_refused_one_by_one(crowd: Crowd):
    """Each answer lets the next request of the connection begin: from within itself, two thousand would be too deep."""
    [one, *_] = await crowd.enter(3)
    crowd.lag.seconds = 0.05
    one.send((PAGE + b"\r\n") * 2000)
    await crowd.enter(3)
    Held.go.set()
    answers = (await one.answered()).split(b"HTTP/1.1 ")[1:]
    assert len(answers) == 2001
    assert {answer[:3] for answer in answers} <= {b"200", b"503"}


async def test_s21_a_refusal_too_depends_on_the_origin(crowd: Crowd):
    assert "vary" not in (await refused(crowd))
    with_pages = Crowd(msgspec.structs.replace(BUSY, cors_origins=("https://shop.example",)))
    assert (await refused(with_pages))["vary"] == "Origin"


async def refused(crowd: Crowd) -> dict[str, str]:
    await crowd.enter(3)
    crowd.lag.seconds = 0.05
    headers = refusal(crowd.ask(PAGE))
    assert headers is not None
    return headers


async def test_so_do_routes_on_the_way_to_an_order(crowd: Crowd):
    await crowd.enter(3)
    crowd.lag.seconds = 0.05
    cart = crowd.ask(PAGE.replace(b"/held", b"/held/carts/7/options"))
    assert refusal(cart) is None
    assert refusal(crowd.ask(PAGE.replace(b"/held", b"/held/carts/7/other"))) is not None


@pytest.mark.parametrize("path", [b"/api/v1/health/live", b"/api/v1/health/ready"])
async def test_probes_are_let_in(crowd: Crowd, path: bytes):
    await crowd.enter(3)
    crowd.lag.seconds = 0.05
    probe = crowd.ask(b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n")
    assert not probe.wire.writes


async def test_checkout_keeps_its_places(crowd: Crowd):
    await crowd.enter(3)
    crowd.lag.seconds = 0.05
    assert refusal(crowd.ask(ORDER)) is None


@pytest.mark.parametrize("times", [1, 5])
async def test_an_answer_that_is_there_already_is_given(crowd: Crowd, times: int):
    product = b"GET /api/v1/toys/product HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert head_of(await crowd.ask(product[:-2]).answered())[0] == 200
    [one, *_] = await crowd.enter(3)
    crowd.lag.seconds = 0.05
    hit = Connection(crowd.app, tasks=one._tasks)
    hit.send(product * times)
    for _ in range(20):
        await asyncio.sleep(0)
    assert b"".join(hit.wire.writes).count(b"HTTP/1.1 200 ") == times


@pytest.mark.parametrize(
    "line", [b"Origin: https://shop.example\r\n", b"Connection: close\r\n", b"Expect: 100-continue\r\n"]
)
async def test_what_needs_more_care_is_refused_by_the_frame(crowd: Crowd, line: bytes):
    await crowd.enter(3)
    crowd.lag.seconds = 0.05
    away = crowd.ask(PAGE + line)
    assert not away.wire.writes
    for _ in range(10):
        await asyncio.sleep(0)
    assert head_of(b"".join(away.wire.writes))[0] == 503


async def test_a_head_gets_no_body(crowd: Crowd):
    await crowd.enter(3)
    crowd.lag.seconds = 0.05
    away = crowd.ask(PAGE.replace(b"GET", b"HEAD"))
    for _ in range(10):
        await asyncio.sleep(0)
    wire: Any = b"".join(away.wire.writes)
    assert head_of(wire)[0] == 503
    assert not wire.partition(b"\r\n\r\n")[2]


async def test_the_lag_of_a_loop_is_seen_and_forgotten():
    lag = LoopLag()
    lag.watch(asyncio.get_running_loop())
    await asyncio.sleep(0.015)
    assert lag.seconds < 0.02
    time.sleep(0.06)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert lag.seconds > 0.03
    async with asyncio.timeout(5):
        while lag.seconds > 0.01:
            await asyncio.sleep(0.01)
