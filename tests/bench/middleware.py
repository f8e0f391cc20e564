"""What the frame costs a request: µs in process, without sockets, over the bare handler.

Each case in Litestar alone and through the whole frame (request id, header limits, host, token, body checks, security
headers, metrics, access line), then the same with rate limits counted in this process. Both take turns, and the best of
many rounds counts: nothing outside can make a round faster.
"""

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable
from functools import partial
from time import process_time
from typing import Any

import msgspec

from merx.infra.log_writer import LineWriter
from merx.infra.settings import Settings
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.ids import new_id
from tests.bench.kit.measure import Figure
from tests.infra.http.toy import MEMORY, Toys, toy_app

ROUNDS, REQUESTS = 100, 400
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


async def drive(app: Any, method: str, path: str, headers: list[tuple[bytes, bytes]], body: bytes) -> float:
    """µs per request."""
    message = {"type": "http.request", "body": body, "more_body": False}
    raw = path.encode()
    statuses: set[int] = set()

    async def receive() -> dict[str, Any]:
        return message

    async def send(event: Any) -> None:
        if event["type"] == "http.response.start":
            statuses.add(event["status"])

    started = process_time()
    for _ in range(REQUESTS):
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
    seconds = process_time() - started
    assert statuses <= {200, 201, 304}, statuses
    return seconds / REQUESTS * 1e6


async def compare(*runs: Callable[[], Awaitable[float]]) -> list[float]:
    """The best of each, measured in turns: whatever else the machine does meets all of them."""
    rounds = [[await run() for run in runs] for _ in range(ROUNDS)]
    return [min(times) for times in zip(*rounds, strict=True)]


async def measured() -> list[Figure]:
    # All limits on, and none of them reached.
    plenty = {f"limit_{kind}": 1_000_000 for kind in ("browse", "write", "checkout", "login", "staff", "webhook")}
    limited = msgspec.structs.replace(MEMORY, rate_limits="on", **plenty)
    return [
        await frame("frame, dearest case", MEMORY, 30.0),
        await frame("frame with rate limits, dearest case", limited, 60.0),
    ]


async def frame(what: str, settings: Settings, budget: float) -> Figure:
    toys = Toys(MEMORY)
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
        "GET list of 20": ("GET", "/api/v1/toys", BROWSER, b""),
        "GET list, signed in": ("GET", "/api/v1/toys", signed, b""),
        "POST 3 lines, signed in": ("POST", "/api/v1/toys", json, BODY),
        "POST 3 lines, by cookie": ("POST", "/api/v1/toys", from_browser, BODY),
        "GET from byte cache": ("GET", "/api/v1/toys/product", BROWSER, b""),
    }
    print(f"{what:<36}{'handler':>10}{'with frame':>12}{'frame':>9}{'ratio':>8}")
    costs = {}
    for name, (method, path, headers, body) in cases.items():
        alone, whole = await compare(
            partial(drive, bare, method, path, headers, body), partial(drive, api, method, path, headers, body)
        )
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
