"""S23: what protects an answer is on every kind of answer, also where no route was reached."""

from typing import Any

import msgspec
import pytest

from merx.infra.http.protocol import protocol_for
from merx.infra.settings import Settings
from tests.infra.http.conftest import KEY, PLACE
from tests.infra.http.toy import MEMORY, Toys, toy_app
from tests.infra.http.wire import Connection, head_of
from tests.support.asgi import AsgiClient
from tests.support.protection import unprotected
from tests.support.stage import staged

SETTINGS = msgspec.structs.replace(MEMORY, public_url="https://shop.example")
TOYS = "/api/v1/toys"
JSON = {"content-type": "application/json"}
HERE = {"host": "shop.example"}

# A request of each kind, and the status that it gets.
KINDS: list[tuple[int, str, str, dict[str, Any]]] = [
    (200, "GET", TOYS, {}),
    (200, "HEAD", TOYS, {}),
    (204, "OPTIONS", TOYS, {}),
    (403, "OPTIONS", TOYS, {"headers": {"origin": "https://evil.example", "access-control-request-method": "PUT"}}),
    (200, "GET", f"{TOYS}/product", {}),
    (304, "GET", f"{TOYS}/product", {"headers": {"if-none-match": "*"}}),
    (304, "HEAD", f"{TOYS}/product", {"headers": {"if-none-match": "*"}}),
    (201, "POST", TOYS, {"json": PLACE, "headers": KEY}),
    (400, "GET", f"{TOYS}?limit=0", {}),
    (400, "GET", "/%00", {}),
    (400, "GET", TOYS, {"headers": {"host": "evil.example"}}),
    (400, "POST", TOYS, {"body": b"{", "headers": KEY | JSON}),
    (401, "GET", f"{TOYS}/me", {}),
    (401, "GET", TOYS, {"headers": {"authorization": "Bearer x"}}),
    (401, "GET", TOYS, {"headers": {"cookie": "__Host-merx-access=x"}}),
    (404, "GET", "/nowhere", {}),
    (404, "GET", f"{TOYS}/raise/unknown", {}),
    (405, "PUT", TOYS, {}),
    (405, "BREW", TOYS, {}),
    (409, "GET", f"{TOYS}/raise/conflict", {}),
    (413, "POST", TOYS, {"body": b" " * 200_000, "headers": KEY | JSON}),
    (414, "GET", "/" + "a" * 9000, {}),
    (415, "POST", TOYS, {"body": b"x", "headers": KEY | {"content-type": "text/plain"}}),
    (422, "GET", f"{TOYS}/raise/invalid", {}),
    (429, "GET", f"{TOYS}/raise/limited", {}),
    (431, "GET", TOYS, {"headers": {"x-a": "a" * 40_000}}),
    (500, "GET", f"{TOYS}/raise/bug", {}),
    (503, "GET", f"{TOYS}/raise/away", {}),
    (503, "GET", f"{TOYS}/raise/refused", {}),
]


async def test_s23_every_kind_of_answer():
    client = AsgiClient(staged(SETTINGS, Toys(SETTINGS)), headers=HERE)
    found = []
    for status, method, target, options in KINDS:
        answer = await client.request(method, target, **options)
        problem = unprotected(answer.headers, answer.body, https=True)
        if answer.status != status or problem:
            found.append(f"{method} {target[:60]}: {answer.status}, expected {status}: {problem}")
    assert found == [], "\n" + "\n".join(found)


async def test_s23_also_on_the_wire():
    """The short way out and answers out of the byte cache write their heads themselves."""
    connection = Connection(staged(SETTINGS, Toys(SETTINGS)), protocol_for(SETTINGS.public_url))
    found = []
    for path, *lines in (
        (f"{TOYS}/product",), (f"{TOYS}/product",), (f"{TOYS}/product", "If-None-Match: *"), (TOYS,), ("/nowhere",),
        (f"{TOYS}/raise/bug",), ("/" + "a" * 9000,),
    ):  # fmt: skip
        (wire,) = await connection.ask(path, *lines, host="shop.example")
        status, headers = head_of(wire)
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        problem = unprotected(raw, wire.partition(b"\r\n\r\n")[2], https=True)
        found += [f"{path[:40]}: {status}: {problem}"] if problem else []
    assert found == []


@pytest.mark.parametrize(
    ("request_", "status"),
    [(b"nonsense\r\n\r\n", 400), (b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000, 431), (b"GET /" + b"a" * 70_000, 414)],
)
async def test_s23_also_before_there_is_a_request(request_: bytes, status: int):
    connection = Connection(staged(SETTINGS, Toys(SETTINGS)), protocol_for(SETTINGS.public_url))
    connection.send(request_)
    code, headers = head_of(wire := await connection.answered())
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    assert code == status
    assert unprotected(raw, wire.partition(b"\r\n\r\n")[2], https=True) == ""


async def test_s23_also_from_a_full_process_and_to_who_asks_too_often():
    full = Settings(storage="memory", max_in_flight=1, reserved_in_flight=0, rate_limits="on", limit_browse=1)
    full = msgspec.structs.replace(full, limit_address_factor=1, public_url=SETTINGS.public_url)
    app = toy_app(full)
    client = AsgiClient(app, headers=HERE)
    answers = [await client.get(TOYS), await client.get(TOYS)]
    app.metrics.in_flight = 1
    answers.append(await client.get(TOYS))
    assert [answer.status for answer in answers] == [200, 429, 503]
    assert [unprotected(answer.headers, answer.body, https=True) for answer in answers] == ["", "", ""]


async def test_s23_what_the_walker_misses_it_says():
    """Answers without one thing or another are found."""
    good = (await AsgiClient(staged(SETTINGS, Toys(SETTINGS)), headers=HERE).get(TOYS)).headers
    for name, _ in good:
        if name not in (b"content-type", b"content-length"):
            assert unprotected([item for item in good if item[0] != name], b"", https=True), name
    for extra in ((b"server", b"uvicorn"), (b"cache-control", b"no-store"), (b"x-powered-by", b"x")):
        assert unprotected([*good, extra], b"", https=True), extra
    open_to_all = [item for item in good if item[0] != b"cache-control"]
    for said in (b"private", b"max-age=60", b"no-cache"):
        assert unprotected([*open_to_all, (b"cache-control", said)], b"", https=True), said
    kept = [*open_to_all, (b"cache-control", b"public, max-age=5")]
    assert unprotected(kept, b"", https=True) == ""
    assert unprotected([*kept, (b"set-cookie", b"a=b")], b"", https=True)
    assert unprotected(good, b'File "/src/merx/x.py"', https=True)
