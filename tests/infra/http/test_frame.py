"""The layer in front of every route: what it lets in, what it refuses, what it adds."""

import re

import pytest

from merx.infra.settings import Settings
from tests.infra.http.conftest import bearer, refused
from tests.infra.http.toy import Toys, toy_app
from tests.support.asgi import AsgiClient
from tests.support.stage import staged


async def test_hooks_run_around_the_service(toys: Toys):
    app = toy_app(toys=toys)
    async with AsgiClient(app) as client:
        assert toys.events == ["start"]
        assert (await client.get("/api/v1/health/startup")).json() == {"status": "started"}
    assert toys.events == ["start", "stop"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/toys", 200), ("/nowhere", 404), ("/api/v1/toys/raise/bug", 500), ("/api/v1/toys/raise/away", 503),
        ("/api/v1/toys/me", 401), ("/api/v1/toys?limit=0", 400), ("/api/v1/%00", 400), ("/" + "a" * 9000, 414),
        ("/api/v1/toys/raise/limited", 429), ("/api/v1/toys/raise/conflict", 409), ("/api/v1/toys/raise/invalid", 422),
    ],
)  # fmt: skip
async def test_every_answer_carries_id_and_security_headers(client: AsgiClient, path: str, status: int):
    answer = await client.get(path)
    assert answer.status == status
    assert re.fullmatch(r"[a-z0-9-]{8,64}", answer.header("x-request-id") or "")
    assert answer.header("x-content-type-options") == "nosniff"
    assert answer.header("content-security-policy") == "default-src 'none'; frame-ancestors 'none'"
    assert answer.header("referrer-policy") == "no-referrer"
    assert answer.header("cache-control") == "no-store"
    assert answer.header("server") is None
    assert len({name for name, _ in answer.headers}) == len(answer.headers)
    assert answer.is_problem == (status >= 400)


async def test_hsts_only_where_the_shop_is_https(client: AsgiClient):
    assert (await client.get("/api/v1/toys")).header("strict-transport-security") is None
    secure = toy_app(Settings(storage="memory", public_url="https://shop.example"))
    assert (await AsgiClient(secure).get("/x")).header("strict-transport-security")


async def test_a_request_id_is_taken_over_only_when_harmless(client: AsgiClient):
    assert (await client.get("/nope", headers={"x-request-id": "trace-12345678"})).header(
        "x-request-id"
    ) == "trace-12345678"
    for bad in ("short", "x" * 65, "a b c d e f g h", 'a"b{}<script>', "ümlaut-ümlaut"):
        assert (await client.get("/nope", headers={"x-request-id": bad})).header("x-request-id") != bad


async def test_no_exception_text_leaves(client: AsgiClient):
    bug = await client.get("/api/v1/toys/raise/bug")
    refused(bug, 500, "server.error")
    away = await client.get("/api/v1/toys/raise/refused")
    refused(away, 503, "service.unavailable")
    for text in (b"secret", b"ZeroDivision", b"10.1.2.3", b"Traceback"):
        assert text not in bug.body + away.body
    assert away.header("retry-after") == "1"
    assert (await client.get("/api/v1/toys/raise/limited")).header("retry-after") == "7"


async def test_unknown_routes_and_methods_are_problems(client: AsgiClient):
    refused(await client.get("/api/v1/nope"), 404, "request.no-such-route")
    unknown = await client.get("/api/v1/toys/not-a-uuid")
    refused(unknown, 404, "request.no-such-route")
    assert "an id in a path is a UUID" in unknown.json()["detail"]
    wrong = await client.request("PUT", "/api/v1/toys")
    refused(wrong, 405, "request.method-not-allowed")
    assert "GET" in (wrong.header("allow") or "")
    assert "Allow" in wrong.json()["detail"]
    refused(await client.request("BREW", "/api/v1/toys"), 405, "request.method-not-allowed")
    options = await client.request("OPTIONS", "/api/v1/toys")
    assert options.status == 204
    assert options.header("x-content-type-options") == "nosniff"


async def test_head_is_get_without_the_body(client: AsgiClient):
    head = await client.request("HEAD", "/api/v1/toys")
    assert (head.status, head.body) == (200, b"")
    assert int(head.header("content-length") or 0) > 0


class TestHosts:
    @pytest.mark.parametrize(
        "host", ["localhost", "LOCALHOST:8000", "127.0.0.1:9", "[::1]:8000", "shop.example", "a.b.example"]
    )
    async def test_own_names_are_answered(self, host: str):
        settings = Settings(storage="memory", public_url="https://shop.example", allowed_hosts=("*.b.example",))
        assert (
            await AsgiClient(staged(settings, Toys(settings))).get("/api/v1/toys", headers={"host": host})
        ).status == 200

    @pytest.mark.parametrize(
        "host",
        [
            "evil.example",
            "",
            "localhost.evil.example",
            "shopXexample",
            "b.example.evil",
            ".b.example:x",
            "localhost:80:80",
        ],
    )
    async def test_others_are_refused(self, host: str):
        settings = Settings(storage="memory", public_url="https://shop.example", allowed_hosts=("*.b.example",))
        answer = await AsgiClient(staged(settings, Toys(settings))).get("/api/v1/toys", headers={"host": host})
        refused(answer, 400, "request.unknown-host")

    async def test_s24_a_missing_or_repeated_host_is_refused(self, client: AsgiClient):
        client.headers = {}
        refused(await client.get("/api/v1/toys"), 400, "request.unknown-host")
        twice = [(b"host", b"localhost"), (b"host", b"evil.example")]
        refused(await client.get("/api/v1/toys", headers=twice), 400, "request.repeated-header")

    async def test_s24_forwarded_host_is_no_host(self, client: AsgiClient):
        answer = await client.get("/api/v1/toys", headers={"x-forwarded-host": "localhost", "host": "evil.example"})
        refused(answer, 400, "request.unknown-host")

    async def test_probes_ask_by_address(self, client: AsgiClient):
        assert (await client.get("/api/v1/health/live", headers={"host": "10.2.3.4:8000"})).status == 200


class TestInbound:
    async def test_limits(self, client: AsgiClient):
        refused(await client.get("/api/v1/toys?q=" + "a" * 9000), 414, "request.url-too-long")
        many = [(f"x-{i}".encode(), b"1") for i in range(70)]
        refused(await client.get("/api/v1/toys", headers=many), 431, "request.headers-too-large")
        refused(await client.get("/api/v1/toys", headers={"x-a": "a" * 40_000}), 431, "request.headers-too-large")
        repeated = [(b"x-a", b"a" * 5000)] * 10
        refused(await client.get("/api/v1/toys", headers=repeated), 431, "request.headers-too-large")

    @pytest.mark.parametrize("target", ["/api/v1/toys/%00", "/api/v1/toys?q=%00", "/api/v1/toys?%00=1", "/%00"])
    async def test_nul_in_the_url(self, client: AsgiClient, target: str):
        refused(await client.get(target), 400, "request.nul")

    @pytest.mark.parametrize(
        "target", [b"/api/v1/toys/%ff", b"/api/v1/toys?q=%c3", b"/api/v1/toys?q=\xff", b"/%ED%A0%80"]
    )
    async def test_broken_utf8_in_the_url(self, client: AsgiClient, target: bytes):
        refused(await client.get(target), 400, "request.not-utf-8")

    async def test_good_unicode_passes(self, client: AsgiClient):
        assert (await client.get("/api/v1/toys?limit=1&q=%C3%A9")).json()["items"][0]["name"] == "é"


class TestCache:
    async def test_a_hit_needs_no_handler(self, client: AsgiClient, toys: Toys):
        first = await client.get("/api/v1/toys/product")
        again = await client.get("/api/v1/toys/product")
        assert (first.body, first.header("etag")) == (again.body, again.header("etag"))
        assert toys.product.reads == 1
        assert again.header("cache-control") == "public, max-age=30, stale-while-revalidate=30"

    async def test_not_modified(self, client: AsgiClient, toys: Toys):
        etag = (await client.get("/api/v1/toys/product")).header("etag") or ""
        for value in (etag, f"W/{etag}", f'"x", {etag}', "*"):
            answer = await client.get("/api/v1/toys/product", headers={"if-none-match": value})
            assert (answer.status, answer.body, answer.header("etag")) == (304, b"", etag)
        toys.product.price = 200
        toys.cache.invalidate(["product:1"])
        changed = await client.get("/api/v1/toys/product", headers={"if-none-match": etag})
        assert (changed.status, changed.body) == (200, b'{"price":200}')

    async def test_queries_are_separate_and_staff_sees_the_truth(self, client: AsgiClient, toys: Toys):
        await client.get("/api/v1/toys/product")
        await client.get("/api/v1/toys/product?attr.x=1")
        assert toys.product.reads == 2
        toys.product.price = 300
        assert (await client.get("/api/v1/toys/product", headers=bearer(toys))).body == b'{"price":300}'
        assert (await client.get("/api/v1/toys/product")).body == b'{"price":100}'

    async def test_head_and_bad_tokens_do_not_slip_past(self, client: AsgiClient):
        await client.get("/api/v1/toys/product")
        head = await client.request("HEAD", "/api/v1/toys/product")
        assert (head.status, head.body) == (200, b"")
        assert (await client.get("/api/v1/toys/product", headers={"authorization": "Bearer x"})).status == 401


async def test_websockets_are_refused(client: AsgiClient):
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    await client.app({"type": "websocket", "path": "/", "headers": []}, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1008}]
