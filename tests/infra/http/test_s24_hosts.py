"""S24: this process answers for the names that it was given, and nobody else's name gets into what it writes."""

import re

import msgspec
import pytest
from dependency_injector import providers

from merx.contexts.identity.adapters.passwords import Argon2Passwords
from merx.contexts.identity.domain.account import AccountKind
from merx.infra.http.inbound import Hosts, Refused
from tests.infra.http.toy import MEMORY, Toys
from tests.infra.http.wire import Connection, head_of
from tests.support.apps import new_app
from tests.support.asgi import AsgiClient
from tests.support.drain import drain
from tests.support.stage import staged

SETTINGS = msgspec.structs.replace(MEMORY, public_url="https://shop.example", allowed_hosts=("*.b.example",))
TOYS = "/api/v1/toys?limit=1"
EVIL = {
    "x-forwarded-host": "evil.example",
    "x-host": "evil.example",
    "x-original-host": "evil.example",
    "forwarded": "host=evil.example;proto=https",
    "x-forwarded-server": "evil.example",
    "x-forwarded-proto": "https",
    "x-forwarded-port": "444",
    "x-original-url": "//evil.example/",
    "x-rewrite-url": "//evil.example/",
}


@pytest.fixture
async def connection() -> Connection:
    return Connection(staged(SETTINGS, Toys(SETTINGS)))


async def status_of(connection: Connection, request: str) -> int:
    connection.wire.writes.clear()
    connection.send(request.replace("\n", "\r\n").encode("latin-1"))
    return head_of(await connection.answered())[0]


def test_s24_the_list():
    hosts = Hosts(["shop.example", "*.b.example", "[::1]"])
    for good in ("shop.example", "SHOP.example:8443", "shop.example.", "a.b.example", "x.a.b.example:1", "[::1]:80"):
        hosts.check(good.encode())
    let_in = []
    for bad in (
        "", " ", ":80", "evil.example", "shop.example.evil.example", "evilshop.example", "shop.example@evil.example",
        "shop.example:80@evil.example", "b.example", "b.example.evil", "xb.example", "*.b.example.evil",
        "shop.example:x",
        "shop.example:80:80", "shop.example:-1", "shop.example, evil.example", "shop.example evil.example",
        "shop.example/",
        "shop.example\\.evil", "shop.example#", "shop.example\t", "shop%2eexample", "shop.example\xa0", "::1", "[::1]x",
        "[::2]", "127.0.0.1", "localhost", "shop.example..", "shop.example:\xb2",
    ):  # fmt: skip
        try:
            hosts.check(bad.encode("latin-1"))
        except Refused:
            continue
        let_in.append(bad)
    assert let_in == []


async def test_s24_on_the_wire(connection: Connection):
    for request, status in (
        (f"GET {TOYS} HTTP/1.1\nHost: shop.example\n\n", 200),
        (f"GET {TOYS} HTTP/1.1\nHost: evil.example\n\n", 400),
        (f"GET {TOYS} HTTP/1.1\n\n", 400),
        (f"GET {TOYS} HTTP/1.1\nHost:\n\n", 400),
        (f"GET {TOYS} HTTP/1.1\nHost: shop.example\nHost: evil.example\n\n", 400),
        # The host of the target counts, whatever the header says (RFC 9112 §3.2.2).
        (f"GET http://shop.example{TOYS} HTTP/1.1\nHost: evil.example\n\n", 200),
        (f"GET https://a.b.example:8443{TOYS} HTTP/1.1\nHost: shop.example\n\n", 200),
        (f"GET http://evil.example{TOYS} HTTP/1.1\nHost: shop.example\n\n", 400),
        (f"GET http://evil.example:80{TOYS} HTTP/1.1\n\n", 400),
        (f"GET http://shop.example@evil.example{TOYS} HTTP/1.1\nHost: shop.example\n\n", 400),
        (f"GET http://[::1]{TOYS} HTTP/1.1\nHost: shop.example\n\n", 200),
        (f"GET http://[::2]{TOYS} HTTP/1.1\nHost: shop.example\n\n", 400),
        (f"GET http://shop.example{TOYS} HTTP/1.1\nHost: evil.example\nHost: shop.example\n\n", 400),
    ):
        assert await status_of(connection, request) == status, request


async def test_s24_without_a_host_as_in_http_1_0(connection: Connection):
    assert await status_of(connection, f"GET {TOYS} HTTP/1.0\n\n") == 400


async def test_s24_no_cached_answer_for_another_name(connection: Connection):
    """Answers out of memory are given before the frame looks at anything else."""
    good = "GET /api/v1/toys/product HTTP/1.1\nHost: shop.example\n\n"
    assert [await status_of(connection, good) for _ in range(2)] == [200, 200]
    assert await status_of(connection, good.replace("Host: shop", "Host: evil")) == 400
    assert await status_of(connection, good.replace("GET /", "GET http://evil.example/")) == 400


async def test_s24_no_header_stands_in_for_the_host():
    client = AsgiClient(staged(SETTINGS, Toys(SETTINGS)))
    for name in EVIL:
        refused = await client.get(TOYS, headers={"host": "evil.example", name: "shop.example"})
        assert (refused.status, refused.slug) == (400, "request.unknown-host"), name
    assert (await client.get(TOYS, headers={"host": "shop.example"} | EVIL)).status == 200


async def test_s24_links_come_from_settings_alone():
    """Of mails, redirects and the OpenAPI document: a host that is answered for changes none of them."""
    shop = new_app()
    shop.contexts.identity.passwords.override(providers.Object(Argon2Passwords(memory_kib=64, time_cost=1)))
    client = AsgiClient(staged(shop.settings, shop), headers={"host": "127.0.0.1:9999"} | EVIL)
    await shop.contexts.identity.ensure_account()(
        "ada@example.com", "Ada", AccountKind.customer, (), "correct horse battery"
    )
    asked = await client.post("/api/v1/auth/password/forgot", json={"email": "ada@example.com"})
    assert asked.status == 202
    await drain(shop.deliverer, shop.infra.deliveries())
    text = "\n".join(map(str, shop.contexts.notifications.mailbox().messages))
    links = re.findall(r"https?://[^\s\"'>\\]+", text)
    assert any("reset-password" in link for link in links)
    assert {link.split("/")[2] for link in links} == {"localhost:8000"}
    assert "evil.example" not in text
    assert "127.0.0.1" not in text
    document = await client.get("/api/v1/schema/openapi.json")
    assert [server["url"] for server in document.json()["servers"]] == ["/"]
    assert b"evil.example" not in document.body
    assert b"9999" not in document.body
