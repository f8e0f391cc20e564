"""Bodies in front of every route: which are read, how much of them, and what is wrong with the rest."""

from typing import Any

import msgspec
import pytest

from merx.infra.http.bodies import BodyGate
from merx.infra.http.inbound import Refused
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.ids import new_id
from tests.infra.http.conftest import KEY, PLACE, bearer, refused
from tests.infra.http.toy import Toys, toy_app
from tests.support.asgi import AsgiClient


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
