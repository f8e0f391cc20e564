"""Health, metrics and documentation over HTTP."""

import re
from typing import Any

import pytest
from litestar import Controller, get

from merx.infra.health import Probe
from merx.infra.http.auth import OpenRoutes, alive, signed_in
from merx.infra.keys import ensure_keys
from merx.infra.settings import Settings, SettingsError
from merx.kernel.actor import ActorKind
from merx.kernel.ids import new_id
from tests.infra.http.toy import MEMORY, ToyController, Toys, toy_app
from tests.support.asgi import AsgiClient

BASE = "/api/v1"


async def away() -> None:
    raise ConnectionRefusedError("10.0.0.1")


def bearer(toys: Toys, *permissions: str) -> dict[str, str]:
    return {"authorization": f"Bearer {toys.tokens.issue(new_id(), ActorKind.staff, permissions)}"}


class TestHealth:
    async def test_before_and_after_start_up(self):
        app = toy_app()
        early = AsgiClient(app)
        assert (await early.get(f"{BASE}/health/live")).status == 200
        assert (await early.get(f"{BASE}/health/startup")).status == 503
        assert (await early.get(f"{BASE}/health/ready")).status == 503
        async with AsgiClient(app) as client:
            assert (await client.get(f"{BASE}/health/startup")).status == 200
            assert (await client.get(f"{BASE}/health/ready")).json() == {"status": "ready"}

    async def test_a_lost_dependency_is_told_in_detail_to_staff_only(self):
        toys = Toys(MEMORY, ToyController, probes=(Probe("postgres", away),))
        async with AsgiClient(toy_app(toys=toys)) as client:
            stranger = await client.get(f"{BASE}/health/ready")
            assert (stranger.status, stranger.slug) == (503, "health.not-ready")
            assert stranger.header("retry-after") == "1"
            assert b"postgres" not in stranger.body
            staff = await client.get(f"{BASE}/health/ready", headers=bearer(toys))
            assert staff.json()["checks"][0]["problem"] == "ConnectionRefusedError"
            assert b"10.0.0.1" not in staff.body
            assert (await client.get(f"{BASE}/health/live")).status == 200


class TestMetrics:
    async def test_requests_are_counted_by_route_not_by_path(self):
        toys = Toys(MEMORY)
        client = AsgiClient(toy_app(toys=toys))
        for number in range(3):
            await client.get(f"{BASE}/toys?limit={number + 1}")
            await client.get(f"{BASE}/toys/{new_id()}")
            await client.get(f"/random/{new_id()}")
            await client.request(f"M{number}", f"{BASE}/toys")
        text = (await client.get("/metrics", headers=bearer(toys, "metrics:read"))).body.decode()
        assert 'merx_http_requests_total{method="GET",route="/api/v1/toys",status="2xx"} 3.0' in text
        assert 'merx_http_requests_total{method="GET",route="/api/v1/toys/{order_id}",status="4xx"} 3.0' in text
        assert 'merx_http_requests_total{method="GET",route="(no route)",status="4xx"} 3.0' in text
        assert 'merx_http_requests_total{method="OTHER",route="(no route)",status="4xx"} 3.0' in text
        assert 'le="+Inf"' in text
        assert "merx_http_request_seconds_sum" in text
        assert "process_resident_memory_bytes" in text
        assert "random" not in text

    async def test_s25_no_address_opens_them(self):
        """Nor loopback, where a proxy on the same machine speaks for everybody, and need not say so."""
        toys = Toys(MEMORY)
        app = toy_app(toys=toys)
        for address in ("127.0.0.1", "::1", "", "203.0.113.9"):
            client = AsgiClient(app, client=(address, 1))
            for headers in ({}, {"x-forwarded-for": "127.0.0.1"}, {"forwarded": "for=127.0.0.1"}, {"x-real-ip": "::1"}):
                assert (await client.get("/metrics", headers=headers)).status == 401, (address, headers)
            assert (await client.get("/metrics", headers=bearer(toys))).status == 403
            assert (await client.get("/metrics", headers=bearer(toys, "metrics:read"))).status == 200

    async def test_their_token_opens_them_and_nothing_else(self):
        app = toy_app(Settings(storage="memory", metrics_token="scrape-me-every-15-s"))
        client = AsgiClient(app)
        holder = {"authorization": "Bearer scrape-me-every-15-s"}
        answer = await client.get("/metrics", headers=holder)
        assert answer.status == 200
        assert (answer.header("content-type") or "").startswith("text/plain; version=0.0.4")
        assert (await client.get("/metrics", headers={"authorization": "Bearer scrape-me-every-15-x"})).status == 401
        change = await client.request("PATCH", f"{BASE}/toys/{new_id()}", headers=holder, json={})
        assert change.status in (401, 403)


class TestDocs:
    async def test_the_page_needs_no_other_server(self):
        client = AsgiClient(toy_app())
        page = await client.get(f"{BASE}/schema/docs")
        assert page.status == 200
        assert "script-src 'self'" in (page.header("content-security-policy") or "")
        names = re.findall(rb'(?:src|href)="([^"]+)"', page.body)
        assert len(names) == 4
        for name in names:
            assert not name.startswith((b"http", b"/"))
            for encoding in ("", "gzip"):
                file = await client.get(f"{BASE}/schema/{name.decode()}", headers={"accept-encoding": encoding})
                assert file.status == 200
                assert len(file.body) > 100
        script = await client.get(f"{BASE}/schema/docs/start.js")
        assert b"http" not in script.body
        assert (await client.get(f"{BASE}/schema/docs/..%2f..%2fauth.py")).status == 404

    async def test_off_in_production(self, tmp_path: Any):
        keys = ensure_keys(tmp_path)
        assert keys.secret
        production = Settings(
            environment="production", public_url="https://shop.example", secret_file=str(tmp_path / "secret"),
            token_key_file=str(tmp_path / "token.pem"),
        )  # fmt: skip
        client = AsgiClient(toy_app(production, Toys(production)), headers={"host": "shop.example"})
        assert (await client.get(f"{BASE}/schema/docs")).status == 404
        assert (await client.get(f"{BASE}/schema")).status == 404
        assert (await client.get(f"{BASE}/toys", headers={"host": "localhost"})).status == 400

    def test_an_unsafe_process_is_not_made(self):
        with pytest.raises(SettingsError):
            toy_app(Settings(environment="production", storage="memory"), Toys(MEMORY))


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return toy_app().openapi()


class TestOpenApi:
    def test_unknown_fields_are_refused_in_the_schema_too(self, document: dict[str, Any]):
        schemas = document["components"]["schemas"]
        assert schemas["PlaceToy"]["additionalProperties"] is False
        assert schemas["Money"]["additionalProperties"] is False
        assert "additionalProperties" not in schemas["ToyView"]
        assert "ToyViewPage" in schemas

    def test_patterns_are_json_schema(self, document: dict[str, Any]):
        assert r"\Z" not in str(document)
        assert document["components"]["schemas"]["Money"]["properties"]["currency"]["pattern"]

    def test_failures_and_access_of_each_operation(self, document: dict[str, Any]):
        place = document["paths"][f"{BASE}/toys"]["post"]
        change = document["paths"][f"{BASE}/toys/{{order_id}}"]["patch"]
        taken = {"408", "413", "414", "415", "422", "431"}
        assert {"201", "400", "401", "403", "404", "409", "429", "503"} | taken == set(place["responses"])
        assert {"403", "404"} <= set(change["responses"])
        assert (change["x-access"], change["x-permission"]) == ("staff", "toys:write")
        assert change["security"] == [{"accessToken": []}, {"accessCookie": [], "csrfToken": []}]
        assert {} in place["security"]
        problem = document["components"]["responses"]["Conflict"]["content"]["application/problem+json"]["schema"]
        assert problem["$ref"].removeprefix("#/components/schemas/") in document["components"]["schemas"]

    def test_every_reference_has_a_target(self, document: dict[str, Any]):
        for reference in set(re.findall(r"'\$ref': '#/([^']+)'", str(document))):
            target: Any = document
            for step in reference.split("/"):
                target = target[step]

    def test_what_is_for_operators_is_not_listed(self, document: dict[str, Any]):
        assert "/metrics" not in document["paths"]
        assert document["openapi"].startswith("3.1")


class OpenController(Controller):
    path = "/open"

    @get("/")
    async def everybody(self) -> dict[str, int]:
        return {}


def test_s08_a_route_without_a_rule_stops_the_start():
    with pytest.raises(OpenRoutes, match="GET /api/v1/open"):
        toy_app(toys=Toys(MEMORY, ToyController, OpenController))


class LivingController(Controller):
    path = "/living"

    @get("/", guards=[alive(signed_in)])
    async def here(self) -> dict[str, int]:
        return {}


def test_s08_a_route_for_sessions_that_go_on_stops_the_start_when_nobody_can_be_asked_about_them():
    with pytest.raises(RuntimeError, match="/api/v1/living"):
        toy_app(toys=Toys(MEMORY, ToyController, LivingController))


def test_s08_the_access_matrix_lists_every_route():
    routes = {(route.method, route.path): route.rule.name for route in toy_app().routes}
    assert routes["GET", "/api/v1/toys/{order_id}"] == "guest_or_owner"
    assert routes["PATCH", "/api/v1/toys/{order_id}"] == "staff"
    assert ("GET", "/metrics") in routes


class TestRoot:
    async def test_it_says_where_the_interface_is(self):
        async with AsgiClient(toy_app()) as client:
            root = await client.get("/")
            assert (root.status, root.header("content-type")) == (200, "application/json")
            assert root.json()["api"] == BASE
            for path in (root.json()["docs"], root.json()["schema"], root.json()["health"]):
                assert (await client.get(path)).status == 200, path
            assert (await client.post("/", json={})).status == 405
