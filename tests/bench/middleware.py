"""What the frame costs a request: µs in process, without sockets, over the bare handler.

Each case in Litestar alone and through the whole frame (request id, header limits, host, token, body checks, security
headers, metrics, access line), then the same with rate limits counted in this process, as reads are. What changes
something is counted in Valkey, for all processes: those cases are measured with a Valkey too, for 32 requests at once,
whose counts travel together, and for one that is alone in the shop and pays for a whole round trip.

Both sides take turns, and the best of many rounds counts: nothing outside can make a round faster.
"""

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any, NamedTuple

import msgspec

from merx.infra.embedded import EmbeddedValkey
from merx.infra.http.parts import HttpParts
from merx.infra.limits.buckets import Buckets
from merx.infra.limits.redis_buckets import RedisBuckets
from merx.infra.limits.scripts import Scripts
from merx.infra.log_writer import LineWriter
from merx.infra.redis import redis_client
from merx.infra.settings import Settings
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.ids import new_id
from tests.bench.kit.measure import Figure
from tests.infra.http.toy import MEMORY, Toys, toy_app

ROUNDS, REQUESTS = 100, 400
CROWD = 32
BODY = msgspec.json.encode(
    {
        "name": "a",
        "lines": [{"variant_id": str(new_id()), "quantity": 1}] * 3,
        "total": {"amount": 1, "currency": "USD"},
    }
)
BROWSER = [
    (b"host", b"localhost:8000"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    (b"accept", b"application/json"),
    (b"accept-language", b"en-GB,en;q=0.8"),
    (b"accept-encoding", b"gzip, deflate, br, zstd"),
    (b"connection", b"keep-alive"),
]


class Case(NamedTuple):
    method: str
    path: str
    headers: list[tuple[bytes, bytes]]
    body: bytes


class LimitedToys(Toys):
    """Counted in the Valkey of `buckets`."""

    def __init__(self, settings: Settings, buckets: Buckets) -> None:
        super().__init__(settings)
        self._buckets = buckets

    def http_parts(self) -> HttpParts:
        return msgspec.structs.replace(super().http_parts(), buckets=self._buckets)


async def drive(app: Any, case: Case, at_once: int = 1) -> float:
    """µs of this process per request."""
    started = process_time()
    await asyncio.gather(*(ask(app, case, REQUESTS // at_once) for _ in range(at_once)))
    return (process_time() - started) / (REQUESTS // at_once * at_once) * 1e6


async def ask(app: Any, case: Case, times: int) -> None:
    method, path, headers, body = case
    message = {"type": "http.request", "body": body, "more_body": False}
    raw = path.encode()
    statuses: set[int] = set()

    async def receive() -> dict[str, Any]:
        return message

    async def send(event: Any) -> None:
        if event["type"] == "http.response.start":
            statuses.add(event["status"])

    for _ in range(times):
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": raw,
            "query_string": b"",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8000),
            "scheme": "http",
            "http_version": "1.1",
            "root_path": "",
            "state": {"actor": Actor(kind=ActorKind.anonymous), "request_id": "x"},
        }
        await app(scope, receive, send)
    assert statuses <= {200, 201, 304}, statuses


async def compare(*runs: Callable[[], Awaitable[float]]) -> list[float]:
    """The best of each, measured in turns: whatever else the machine does meets all of them."""
    rounds = [[await run() for run in runs] for _ in range(ROUNDS)]
    return [min(times) for times in zip(*rounds, strict=True)]


async def measured() -> list[Figure]:
    # All limits on, and none of them reached.
    plenty = {f"limit_{kind}": 1_000_000 for kind in ("browse", "write", "checkout", "login", "staff", "webhook")}
    limited = msgspec.structs.replace(MEMORY, rate_limits="on", **plenty)
    return [
        await frame("frame, dearest case", MEMORY, Toys(MEMORY), 30.0),
        await frame("frame with rate limits, dearest case", limited, Toys(MEMORY), 60.0),
        *await shared(limited),
    ]


async def shared(limited: Settings) -> list[Figure]:
    with TemporaryDirectory(prefix="mxb-") as name:
        home = Path(name)
        valkey = EmbeddedValkey(home / "valkey", run=home / "run", log=home / "valkey.log")
        await valkey.start()
        client = redis_client(Settings(redis_url=valkey.url))
        toys = LimitedToys(MEMORY, RedisBuckets(Scripts(client), b"bench"))
        try:
            return [
                await frame("frame, limits in Valkey, 32 at once", limited, toys, 60.0, CROWD),
                await frame("frame, limits in Valkey, alone", limited, toys, None, 1),
            ]
        finally:
            await client.aclose()
            await valkey.stop()


async def frame(what: str, settings: Settings, toys: Toys, budget: float | None, changes: int = 0) -> Figure:
    """Of all cases, or, with `changes`, of so many changes at once."""
    log = LineWriter(os.open(os.devnull, os.O_WRONLY))
    api = toy_app(settings, toys=toys, log=log)
    bare = api.litestar
    token = b"Bearer " + toys.tokens.issue(new_id(), ActorKind.customer).encode()
    signed = [*BROWSER, (b"authorization", token)]
    json = [
        *signed,
        (b"content-type", b"application/json"),
        (b"content-length", str(len(BODY)).encode()),
        (b"idempotency-key", b"12345678"),
    ]
    session_id = new_id()
    by_cookie = b"merx-access=" + toys.tokens.issue(new_id(), ActorKind.customer, session_id=session_id).encode()
    from_browser = [
        *(item for item in json if item[0] != b"authorization"),
        (b"cookie", by_cookie),
        (b"origin", b"http://localhost:8000"),
        (b"x-csrf-token", toys.guests.issue("csrf", session_id).encode()),
    ]
    cases = {
        "GET list of 20": Case("GET", "/api/v1/toys", BROWSER, b""),
        "GET list, signed in": Case("GET", "/api/v1/toys", signed, b""),
        "POST 3 lines, signed in": Case("POST", "/api/v1/toys", json, BODY),
        "POST 3 lines, by cookie": Case("POST", "/api/v1/toys", from_browser, BODY),
        "GET from byte cache": Case("GET", "/api/v1/toys/product", BROWSER, b""),
    }
    if changes:
        cases = {name: case for name, case in cases.items() if case.method == "POST"}
    print(f"{what:<36}{'handler':>10}{'with frame':>12}{'frame':>9}{'ratio':>8}")
    costs = {}
    for name, case in cases.items():
        at_once = changes or 1
        alone, whole = await compare(partial(drive, bare, case, at_once), partial(drive, api, case, at_once))
        costs[name] = whole - alone
        print(f"{name:<36}{alone:>8.1f}µs{whole:>10.1f}µs{whole - alone:>7.1f}µs{whole / alone:>8.2f}")
    log.close()
    detail = "; ".join(f"{name} {cost:.0f} µs" for name, cost in costs.items())
    return Figure(what=what, value=max(costs.values()), unit="µs", target=budget, good="at most", detail=detail)


def run(arguments: list[str]) -> list[Figure]:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args(
        arguments
    )
    return asyncio.run(measured())
