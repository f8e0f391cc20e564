"""The layer in front of every route: what it lets in, what it refuses, what it adds."""

import re
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from merx.infra.http.bodies import BodyGate
from merx.infra.http.inbound import Refused
from merx.infra.settings import Settings
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.ids import new_id
from tests.infra.http.toy import MEMORY, Toys, toy_app
from tests.support.asgi import Answer, AsgiClient
from tests.support.stage import staged

PLACE = {
    "name": "a",
    "lines": [{"variant_id": str(new_id()), "quantity": 1}],
    "total": {"amount": 1, "currency": "USD"},
}
KEY = {"idempotency-key": "12345678"}


@pytest.fixture
def toys() -> Toys:
    return Toys(MEMORY)


@pytest.fixture
async def client(toys: Toys) -> AsyncIterator[AsgiClient]:
    async with AsgiClient(staged(MEMORY, toys)) as client:
        yield client


def bearer(toys: Toys, kind: ActorKind = ActorKind.staff, *permissions: str) -> dict[str, str]:
    return {"authorization": f"Bearer {toys.tokens.issue(new_id(), kind, permissions)}"}


def refused(answer: Answer, status: int, slug: str) -> None:
    assert (answer.status, answer.slug) == (status, slug), answer
    problem = answer.json()
    assert problem["status"] == status
    assert problem["request_id"] == answer.header("x-request-id")


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


class TestBodies:
    async def test_a_good_body(self, client: AsgiClient):
        assert (await client.post("/api/v1/toys", json=PLACE, headers=KEY)).status == 201
        utf8 = KEY | {"content-type": "Application/JSON; charset=UTF-8"}
        assert (await client.post("/api/v1/toys", json=PLACE, headers=utf8)).status == 201
        body = msgspec.json.encode(PLACE)
        parts = [body[:10], body[10:20], body[20:]]
        assert (
            await client.post("/api/v1/toys", body=parts, headers=KEY | {"content-type": "application/json"})
        ).status == 201

    @pytest.mark.parametrize(
        "headers",
        [
            {"content-type": "text/plain"}, {"content-type": ""}, {"content-type": "application/x-www-form-urlencoded"},
            {"content-type": "multipart/form-data; boundary=x"}, {"content-type": "application/json; charset=utf-16"},
            {"content-type": "application/jsonp"}, {"content-type": "text/json"},
        ],
    )  # fmt: skip
    async def test_only_json(self, client: AsgiClient, headers: dict[str, str]):
        refused(
            await client.post("/api/v1/toys", json=PLACE, headers=KEY | headers), 415, "request.unsupported-media-type"
        )

    async def test_no_compression(self, client: AsgiClient):
        packed = KEY | {"content-type": "application/json", "content-encoding": "gzip"}
        refused(await client.post("/api/v1/toys", body=b"x", headers=packed), 415, "request.unsupported-encoding")

    async def test_s30_size_is_capped_by_length_and_while_reading(self, client: AsgiClient):
        json = KEY | {"content-type": "application/json"}
        announced = json | {"content-length": str(10 * 1024 * 1024)}
        refused(await client.post("/api/v1/toys", body=b"{}", headers=announced), 413, "request.too-large")
        refused(await client.post("/api/v1/toys", body=[b" " * 50_000] * 3, headers=json), 413, "request.too-large")
        refused(
            await client.post("/api/v1/toys", body=b"{}", headers=json | {"content-length": "1e9"}),
            400,
            "request.malformed",
        )

    async def test_s30_no_more_of_a_body_is_read_than_fits(self):
        """Whoever sends without end fills no memory."""
        read = 0

        async def receive() -> dict[str, Any]:
            nonlocal read
            read += 1
            return {"type": "http.request", "body": b" " * 10_000, "more_body": read < 1000}

        headers = {b"content-type": b"application/json", b"transfer-encoding": b"chunked"}
        with pytest.raises(Refused) as refusal:
            await BodyGate(100_000).read("POST", "/api/v1/toys", headers, receive, Actor.anonymous())
        assert (refusal.value.failure.status, read) == (413, 11)

    async def test_a_caller_who_leaves_gets_no_answer(self, client: AsgiClient):
        answer = await client.post(
            "/api/v1/toys", body=b"{", headers=KEY | {"content-type": "application/json"}, disconnect=True
        )
        assert answer.status == 0

    @pytest.mark.parametrize(
        ("body", "slug"),
        [
            (b'{"name": "a\\u0000"}', "request.nul"), (b'{"name": "a\\\\\\u0000"}', "request.nul"),
            (b"\x00", "request.nul"),
            (b'{"name": "\xff"}', "request.not-utf-8"), (b'{"name": "\xed\xa0\x80"}', "request.not-utf-8"),
            (b"[" * 5000, "request.too-deep"), (b'{"a":' * 5000 + b"1" + b"}" * 5000, "request.too-deep"),
            (b"[" * 33 + b"]" * 33, "request.too-deep"), (b"{", "request.malformed"), (b"{}{}", "request.invalid"),
            (b"[" * 32 + b"]" * 32, "request.invalid"), (b"[]", "request.invalid"), (b"null", "request.invalid"),
            (b"", "request.invalid"), (b'"\\ud800"', "request.malformed"),
        ],
    )  # fmt: skip
    async def test_hostile_json(self, client: AsgiClient, body: bytes, slug: str):
        answer = await client.post("/api/v1/toys", body=body, headers=KEY | {"content-type": "application/json"})
        refused(answer, 400, slug)

    async def test_brackets_and_escapes_inside_strings_are_text(self, client: AsgiClient):
        for name in ("[" * 150, "{" * 150, '\\u0000 is how JSON writes NUL, "[[[" too', "\\" * 99 + '"' * 60):
            answer = await client.post(
                "/api/v1/toys", json=PLACE | {"name": name, "lines": PLACE["lines"] * 17}, headers=KEY
            )
            assert answer.status == 201, name
            assert answer.json()["name"] == name

    async def test_wrong_fields_are_listed(self, client: AsgiClient):
        line = {"variant_id": str(new_id()), "quantity": 0}
        answer = await client.post("/api/v1/toys", json=PLACE | {"lines": [line]}, headers=KEY)
        refused(answer, 400, "request.invalid")
        assert answer.json()["errors"] == [{"field": "lines[0].quantity", "message": "must be 1 or more"}]
        unknown = await client.post("/api/v1/toys", json=PLACE | {"price": 1}, headers=KEY)
        assert unknown.json()["errors"] == [{"field": "price", "message": "is unknown"}]
        missing = await client.post("/api/v1/toys", json=PLACE)
        assert missing.json()["errors"] == [{"field": "Idempotency-Key", "message": "is required"}]

    async def test_a_route_may_take_other_bodies(self, client: AsgiClient):
        raw = {"content-type": "text/plain"}
        answer = await client.post("/api/v1/toys/webhook", body=b"\x00[" * 100_000, headers=raw)
        assert (answer.status, answer.json()["id"]) == (200, "200000")
        refused(await client.post("/api/v1/toys/webhook", body=b"x" * 300_001, headers=raw), 413, "request.too-large")

    async def test_large_bodies_are_taken_only_from_those_who_may_call(self, client: AsgiClient, toys: Toys):
        large = {"headers": {"content-type": "application/json"}, "body": msgspec.json.encode(PLACE) + b" " * 200_000}
        sent = dict(large["headers"])
        for who in ({}, bearer(toys, ActorKind.customer, "toys:write"), bearer(toys, ActorKind.staff, "other:write")):
            large["headers"] = sent | who
            refused(await client.post("/api/v1/toys/heavy", **large), 413, "request.too-large")
        large["headers"] = sent | bearer(toys, ActorKind.staff, "toys:write")
        assert (await client.post("/api/v1/toys/heavy", **large)).status == 201
        large["body"] = b" " * 300_001
        refused(await client.post("/api/v1/toys/heavy", **large), 413, "request.too-large")
        refused(await client.post("/api/v1/toys/heavy", json=PLACE), 401, "auth.required")

    @pytest.mark.hurried
    async def test_s30_a_slow_body_is_given_up(self):
        import asyncio

        async def never() -> dict[str, object]:
            await asyncio.sleep(60)
            return {}

        app = toy_app()
        sent: list[dict[str, object]] = []

        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        headers = [(b"host", b"localhost"), (b"content-type", b"application/json"), (b"content-length", b"10")]
        scope = {
            "type": "http", "method": "POST", "path": "/api/v1/toys", "raw_path": b"/api/v1/toys", "query_string": b"",
            "headers": headers, "client": None,
        }  # fmt: skip
        await app(scope, never, send)
        assert sent[0]["status"] == 408


class TestCallers:
    async def test_rules(self, client: AsgiClient, toys: Toys):
        order = new_id()
        me, one = "/api/v1/toys/me", f"/api/v1/toys/{order}"
        staff, customer = bearer(toys), bearer(toys, ActorKind.customer)
        writer = bearer(toys, ActorKind.staff, "toys:write")
        refused(await client.get(me), 401, "auth.required")
        assert (await client.get(me)).header("www-authenticate") == "Bearer"
        assert (await client.get(me, headers=customer)).status == 200
        patch = {"json": PLACE}
        refused(await client.request("PATCH", one, **patch), 401, "auth.required")
        refused(await client.request("PATCH", one, headers=customer, **patch), 403, "auth.forbidden")
        refused(await client.request("PATCH", one, headers=staff, **patch), 403, "auth.forbidden")
        assert (await client.request("PATCH", one, headers=writer, **patch)).status == 200
        refused(await client.request("DELETE", one, headers=writer), 403, "auth.forbidden")
        assert (await client.request("DELETE", one, headers=customer)).status == 204

    async def test_guests_prove_with_their_token(self, client: AsgiClient, toys: Toys):
        order = new_id()
        one = f"/api/v1/toys/{order}"
        refused(await client.get(one), 404, "resource.not-found")
        refused(await client.get(one, headers={"x-order-token": "wrong"}), 404, "resource.not-found")
        refused(
            await client.get(one, headers={"x-order-token": toys.guests.issue("order", new_id())}),
            404,
            "resource.not-found",
        )
        assert (await client.get(one, headers={"x-order-token": toys.guests.issue("order", order)})).status == 200

    @pytest.mark.parametrize(
        "value",
        [
            "Bearer",
            "Bearer ",
            "Bearer x",
            "Basic dTpw",
            "bearer a.b.c",
            "Bearer " + "é" * 20,
            "Bearer " + "a" * 9000,
            "",
        ],
    )
    async def test_a_bad_token_is_401_even_where_nobody_is_needed(self, client: AsgiClient, value: str):
        answer = await client.get("/api/v1/toys", headers={"authorization": value})
        refused(answer, 401, "auth.invalid-token")

    @pytest.mark.parametrize(
        ("proxies", "forwarded", "expected"),
        [
            (0, "1.2.3.4", "direct"), (1, "6.6.6.6, 1.2.3.4", "1.2.3.4"), (2, "6.6.6.6, 1.2.3.4, 10.0.0.1", "1.2.3.4"),
            (2, "1.2.3.4", "127.0.0.1"), (1, "not-an-ip", "127.0.0.1"), (1, "", "127.0.0.1"),
            (1, "2001:DB8::1", "2001:db8::1"),
        ],
    )  # fmt: skip
    async def test_s25_the_address_comes_from_own_proxies_only(self, proxies: int, forwarded: str, expected: str):
        settings = Settings(storage="memory", trusted_proxies=proxies)
        answer = await AsgiClient(staged(settings, Toys(settings))).get(
            "/api/v1/toys/client", headers={"x-forwarded-for": forwarded}
        )
        assert answer.json()["id"] == expected


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
