"""S41: what fails shows one envelope and nothing of itself, and a check that fails lets nobody in.

Failures are put in the place of adapters, one after the other; nothing of ours is patched.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from dependency_injector import providers

from merx.bootstrap.container import App
from merx.contexts.identity.adapters.passwords import Argon2Passwords
from merx.contexts.identity.domain.account import AccountKind
from merx.infra.http.parts import HttpParts
from merx.infra.settings import Settings, SettingsError, load_settings
from merx.kernel.actor import ActorKind
from merx.kernel.ids import new_id
from tests.infra.http.examples import example
from tests.infra.http.hostile import Attacker
from tests.infra.http.routes import routes_of, target_of
from tests.support.apps import new_app
from tests.support.asgi import Answer, AsgiClient
from tests.support.stage import staged

PASSWORD = "correct horse battery"
SECRET = "canary-4711 at /srv/merx/secret.py"
ERRORS: list[Callable[[], Exception]] = [
    lambda: RuntimeError(SECRET),
    lambda: KeyError(SECRET),
    lambda: ConnectionRefusedError(SECRET),
    lambda: TimeoutError(SECRET),
    lambda: RecursionError(SECRET),
    lambda: AssertionError(SECRET),
]


class Broken:
    """Fails at whatever is asked of it."""

    def __init__(self, error: Callable[[], Exception]) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *_: Any, **__: Any) -> Any:
        raise self._error()


class Source:
    """The parts of a shop, some of them broken."""

    def __init__(self, parts: HttpParts, **broken: Any) -> None:
        self._parts = msgspec.structs.replace(parts, **broken)

    def http_parts(self) -> HttpParts:
        return self._parts


def wrong(answer: Answer, statuses: tuple[int, ...]) -> str:
    """What is not as it must be; empty when all is well."""
    if answer.status not in statuses:
        return f"answered {answer.status} {answer.body[:200]!r}"
    if not answer.is_problem or b"canary" in answer.body or b"Traceback" in answer.body or b"Error" in answer.body:
        return f"said {answer.body[:300]!r}"
    problem = answer.json()
    request_id = answer.header("x-request-id")
    if not request_id or problem["request_id"] != request_id or {"type", "title", "detail", "slug"} - problem.keys():
        return f"incomplete {answer.body[:300]!r}"
    if answer.header("cache-control") != "no-store" or any(b"canary" in value for _, value in answer.headers):
        return f"headers {answer.headers}"
    return "" if answer.status != 503 or answer.header("retry-after") else "no Retry-After"


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error()).__name__)
async def test_s41_a_check_that_fails_lets_nobody_in(error: Callable[[], Exception]):
    app = new_app()
    parts = app.http_parts()
    issue = app.infra.access_tokens().issue
    customer = {"authorization": f"Bearer {issue(new_id(), ActorKind.customer)}"}
    staff = {"authorization": f"Bearer {issue(new_id(), ActorKind.staff, ['*'])}"}
    key = {"authorization": "Bearer mx_sk_" + "a" * 60}
    cart = (await AsgiClient(staged(app.settings, Source(parts))).post("/api/v1/carts")).json()
    guest = {"x-cart-token": cart["token"]}
    found = []
    for broken, headers, target in (
        ("access_tokens", staff, "/users"),
        ("access_tokens", customer, "/auth/sessions"),
        # Nobody becomes anonymous because their token could not be read.
        ("access_tokens", customer, "/products"),
        ("api_keys", key, "/products"),
        ("api_keys", key, "/orders"),
        ("guest_tokens", guest, f"/carts/{cart['id']}"),
    ):
        client = AsgiClient(staged(app.settings, Source(parts, **{broken: Broken(error)})))
        if text := wrong(await client.get(f"/api/v1{target}", headers=headers), (403, 503)):
            found.append(f"{broken} {target}: {text}")
    assert found == []
    sound = AsgiClient(staged(app.settings, Source(parts)))
    assert (await sound.get(f"/api/v1/carts/{cart['id']}", headers=guest)).status == 200


@pytest.mark.parametrize("error", ERRORS[:3], ids=lambda error: type(error()).__name__)
async def test_s41_a_dependency_that_fails_shows_nothing(error: Callable[[], Exception]):
    app = new_app()
    parts = app.http_parts()
    own = {"actor", "proof", "health", "exposition", "open_metrics", "docs"}
    broken = {name: Broken(error) for name in parts.dependencies if name not in own}
    api = staged(app.settings, Source(parts, dependencies={**parts.dependencies, **broken}))
    client = AsgiClient(api)
    attacker = Attacker(client, app.infra.access_tokens())
    found, failed = [], 0
    for route in routes_of(api):
        body = msgspec.json.encode(example(route.body)) if route.body is not None else None
        headers = attacker.headers(route) | ({"content-type": "application/json"} if body else {})
        answer = await client.request(route.method, target_of(route), headers=headers, body=body)
        failed += answer.status >= 500
        if answer.status >= 400 and (text := wrong(answer, (400, 401, 403, 404, 409, 422, 500, 503))):
            found.append(f"{route}: {text}")
    assert found == []
    assert failed > 80


async def test_s41_a_store_of_answers_that_fails_runs_nothing():
    app = new_app()
    staff = {"authorization": f"Bearer {app.infra.access_tokens().issue(new_id(), ActorKind.staff, ['*'])}"}
    client = AsgiClient(staged(app.settings, Source(app.http_parts(), idempotency=Broken(ERRORS[0]))))
    answer = await client.post(
        "/api/v1/brands", json={"name": "Acme"}, headers=staff | {"idempotency-key": "0123456789abcdef"}
    )
    assert wrong(answer, (500, 503)) == ""
    assert (await client.get("/api/v1/brands")).json()["items"] == []


async def test_s41_what_cannot_look_hands_out_no_token():
    """Whether a session was ended is looked up at each refresh: where nobody can look, nobody is let in again."""
    app = new_app()
    app.contexts.identity.passwords.override(providers.Object(Argon2Passwords(memory_kib=64, time_cost=1)))
    client = AsgiClient(staged(app.settings, app))
    ensure = app.contexts.identity.ensure_account()
    await ensure("ada@example.com", "Ada", AccountKind.customer, (), PASSWORD)
    login = {"email": "ada@example.com", "password": PASSWORD}
    tokens = (await client.post("/api/v1/auth/login", json=login)).json()
    refresh = {"refresh_token": tokens["refresh_token"]}
    found = []
    for error in ERRORS:
        broken = new_app()
        broken.contexts.identity.uow.override(providers.Object(Broken(error)))
        away = AsgiClient(staged(broken.settings, broken))
        for path, body in (("/auth/refresh", refresh), ("/auth/login", login), ("/auth/refresh", refresh)):
            answer = await away.post(f"/api/v1{path}", json=body)
            text = wrong(answer, (500, 503))
            if text or b"token" in answer.body or answer.header("set-cookie"):
                found.append(f"{path} {type(error()).__name__}: {text or answer.body!r}")
    assert found == []


async def test_s41_what_cannot_be_put_on_record_is_not_done():
    """Staff in the place of a customer, and the trail fails."""
    app = new_app()
    issue = app.infra.access_tokens().issue
    token = issue(new_id(), ActorKind.customer, ttl=900, impersonator=new_id())
    here = {"authorization": f"Bearer {token}"}
    parts = app.http_parts()
    for error in ERRORS:
        # Who acts is looked up first, and here found.
        client = AsgiClient(staged(app.settings, Source(parts, in_place=Broken(error), staff_rights=None)))
        before = len(app.infra.store().table("carts.cart"))
        # A RecursionError is taken for a body that is too deep.
        assert wrong(await client.post("/api/v1/carts", headers=here), (400, 500, 503)) == "", type(error()).__name__
        assert len(app.infra.store().table("carts.cart")) == before
        away = AsgiClient(staged(app.settings, Source(parts, staff_rights=Broken(error))))
        assert wrong(await away.get("/api/v1/carts/current", headers=here), (401, 403, 503)) == ""


def test_s41_a_token_outlives_its_session_by_minutes(production: dict[str, str]):
    """An access token is believed without a look: so long goes on what was ended."""
    assert load_settings(production).access_token_seconds <= 300
    assert load_settings(production | {"MERX_ACCESS_TOKEN_SECONDS": "3600"}).access_token_seconds == 3600
    with pytest.raises(SettingsError, match="MERX_ACCESS_TOKEN_SECONDS"):
        load_settings(production | {"MERX_ACCESS_TOKEN_SECONDS": "3601"})


@pytest.mark.services
async def test_s41_without_redis_what_was_ended_stays_ended(database_url: str, tmp_path: Path):
    """Whether a session goes on is known to PostgreSQL: Redis that is away neither ends one nor brings one back."""
    app = App(Settings(database_url=database_url, redis_url="redis://127.0.0.1:1/0", data_dir=str(tmp_path)))
    app.contexts.identity.passwords.override(providers.Object(Argon2Passwords(memory_kib=64, time_cost=1)))
    ensure = app.contexts.identity.ensure_account()
    await ensure("ada@example.com", "Ada", AccountKind.customer, (), PASSWORD)
    client, login = AsgiClient(staged(app.settings, app)), {"email": "ada@example.com", "password": PASSWORD}

    async def refreshed(token: str) -> Answer:
        return await client.post("/api/v1/auth/refresh", json={"refresh_token": token})

    try:
        phone, laptop = [(await client.post("/api/v1/auth/login", json=login)).json() for _ in range(2)]
        newest = (await refreshed(phone["refresh_token"])).json()["refresh_token"]
        out = await client.post("/api/v1/auth/logout", json={"refresh_token": newest})
        assert out.status == 204, out.body
        assert [(await refreshed(token)).status for token in (newest, phone["refresh_token"])] == [401, 401]
        here = {"authorization": f"Bearer {laptop['access_token']}"}
        assert (await client.post("/api/v1/auth/logout-all", headers=here)).status == 204
        assert (await refreshed(laptop["refresh_token"])).status == 401
        wrong_ones = [await client.post("/api/v1/auth/login", json=login | {"password": "x" * 9}) for _ in range(15)]
        assert wrong_ones[-1].status == 429, "guesses are counted in the process"
    finally:
        await app.close()
