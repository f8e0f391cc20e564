"""S44: what is for developers is not there in production."""

import pytest

from merx.bootstrap.api import Api, create_app
from merx.bootstrap.container import App
from merx.infra.failpoints import arm
from merx.infra.settings import Settings, SettingsError, load_settings
from tests.support.apps import new_app
from tests.support.asgi import AsgiClient
from tests.support.stage import staged

FOR_DEVELOPERS = [
    *(f"/api/v1/schema{path}" for path in ("", "/", "/openapi.json", "/openapi.yml", "/docs", "/docs/start.js")),
    *("/schema", "/schema/swagger", "/schema/redoc", "/schema/elements", "/schema/openapi.json"),
    *("/docs", "/redoc", "/swagger", "/swagger-ui", "/openapi.json", "/openapi.yaml", "/api/v1/openapi.json"),
]
PROBED = [
    *FOR_DEVELOPERS,
    *("/", "/debug", "/api/v1/debug", "/api/v1/debug/pprof", "/__debug__/", "/_debug", "/console", "/test"),
    *("/api/v1/test", "/api/v1/tests", "/api/v1/failpoints", "/api/v1/failpoint", "/failpoints", "/api/v1/toys"),
    *("/api/v1/seed", "/api/v1/reset", "/api/v1/demo", "/admin", "/api/v1/admin", "/graphql", "/actuator"),
    *("/actuator/env", "/server-status", "/server-info", "/phpinfo.php", "/.env", "/.git/config", "/config"),
    *("/api/v1/config", "/api/v1/settings", "/api/v1/env", "/static/", "/src/merx/__init__.py", "/favicon.ico"),
]
WORDS = ("debug", "test", "failpoint", "seed", "demo", "toy", "docs", "openapi", "playground")
ELSEWHERE = ("203.0.113.7", 40000)
HOST = {"host": "shop.example"}


@pytest.fixture(scope="module")
def settings(production: dict[str, str]) -> Settings:
    return load_settings(production)


@pytest.fixture(scope="module")
def api(settings: Settings) -> Api:
    # Nothing connects before it is used.
    return create_app(settings, App(settings, deliver_here=False))


async def test_s44_nothing_answers_there(api: Api):
    client = AsgiClient(api, headers=HOST, client=ELSEWHERE)
    answers = {path: await client.get(path) for path in PROBED}
    found = {path: answer.status for path, answer in answers.items() if answer.status != 404 or not answer.is_problem}
    assert found == {}
    assert (await client.get("/metrics")).status == 401
    assert (await client.get("/api/v1/health/live")).status == 200


def test_s44_no_route_is_for_tests(api: Api):
    assert len(api.routes) > 100
    assert [route.path for route in api.routes if any(word in route.path for word in WORDS)] == []


async def test_s44_the_same_probes_find_them_in_development():
    settings = Settings(storage="memory")
    client = AsgiClient(staged(settings, new_app(settings)))
    found = [path for path in FOR_DEVELOPERS if (await client.get(path)).status == 200]
    assert [path.removeprefix("/api/v1/schema") for path in found] == [
        *("", "/", "/openapi.json", "/docs", "/docs/start.js"),
    ]


def test_s44_failpoints_and_docs_are_refused(production: dict[str, str], settings: Settings):
    for name, value in {"MERX_FAILPOINTS": "checkout.after-locks", "MERX_DOCS": "on", "MERX_STORAGE": "memory"}.items():
        with pytest.raises(SettingsError, match=name):
            load_settings(production | {name: value})
    # The second lock: settings that nobody checked.
    unchecked = Settings(**{"environment": "production", "failpoints": "checkout.after-locks"})
    with pytest.raises(RuntimeError, match="failpoints"):
        arm(unchecked)


def test_s44_nothing_is_in_debug_mode(api: Api):
    assert api.litestar.debug is False
    assert api.litestar.pdb_on_exception is False
