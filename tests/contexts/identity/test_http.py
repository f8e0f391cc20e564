"""The auth routes as a client meets them, behind the real middleware."""

from datetime import timedelta

import httpx
import pytest
from dependency_injector import providers
from loguru import logger

from merx.bootstrap.api import create_app
from merx.infra.settings import Settings
from tests.contexts.identity.conftest import PASSWORD, Source, bearer, signed_in

NEW = {"email": "new@example.com", "password": PASSWORD, "name": "New"}


async def test_from_registration_to_signing_out(client):
    assert (await client.post("/auth/register", json=NEW)).status_code == 202
    tokens = await signed_in(client)
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 300

    me = await client.get("/users/me", headers=bearer(tokens))
    assert me.status_code == 200
    assert {**me.json(), "id": ""} == {
        "id": "",
        "version": 1,
        "phone": "",
        "locale": None,
        "birthday": None,
        "email_verified": False,
        "email": "new@example.com",
        "name": "New",
        "kind": "customer",
        "permissions": [],
    }

    fresh = await client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert fresh.status_code == 200
    token = {"refresh_token": fresh.json()["refresh_token"]}
    signed_out = await client.post("/auth/logout", json=token)
    assert (signed_out.status_code, signed_out.content) == (204, b"")
    refused = await client.post("/auth/refresh", json=token)
    assert (refused.status_code, refused.json()["slug"]) == (401, "identity.invalid-refresh-token")


async def test_tokens_are_kept_by_no_cache(client):
    await client.post("/auth/register", json=NEW)
    answer = await client.post("/auth/login", json={"email": NEW["email"], "password": PASSWORD})
    assert answer.headers["cache-control"] == "no-store"


async def test_registering_a_known_email_answers_the_same(client):
    first = await client.post("/auth/register", json=NEW)
    second = await client.post("/auth/register", json={**NEW, "email": "NEW@example.com ", "name": "Mallory"})
    assert (first.status_code, first.content) == (second.status_code, second.content)


async def test_wrong_logins_answer_the_same(client):
    await client.post("/auth/register", json=NEW)
    answers = [
        await client.post("/auth/login", json={"email": email, "password": "wrong password"})
        for email in ("new@example.com", "nobody@example.com")
    ]
    bodies = [{**answer.json(), "request_id": ""} for answer in answers]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert bodies[0] == bodies[1]


async def test_too_many_wrong_passwords_have_to_wait(client):
    for _ in range(6):
        last = await client.post("/auth/login", json={"email": "new@example.com", "password": "wrong password"})
        assert last.status_code == 401
    last = await client.post("/auth/login", json={"email": "new@example.com", "password": "wrong password"})
    assert (last.status_code, last.headers["retry-after"]) == (429, "1")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("register", {**NEW, "password": "seven77"}),
        ("register", {**NEW, "password": "x" * 257}),
        ("register", {**NEW, "email": "no address"}),
        ("register", {**NEW, "email": "a@b.example\r\nBcc: c@d.example"}),
        ("register", {**NEW, "name": "two\nlines"}),
        ("register", {**NEW, "name": ""}),
        ("register", {**NEW, "kind": "staff"}),
        ("register", {**NEW, "permissions": ["*"]}),
        ("register", {"email": NEW["email"], "password": PASSWORD}),
        ("login", {"email": NEW["email"], "password": "x" * 1000}),
        ("login", {"email": "x" * 1000, "password": PASSWORD}),
        ("login", {"email": NEW["email"], "password": 12345678}),
        ("refresh", {"refresh_token": "x" * 1000}),
        ("refresh", {}),
        ("logout", {"refresh_token": None}),
    ],
)
async def test_malformed_input_is_refused_before_any_work(client, path, body):
    answer = await client.post(f"/auth/{path}", json=body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_huge_password_never_reaches_the_hash(client):
    answer = await client.post("/auth/login", json={"email": NEW["email"], "password": "x" * 1_000_000})
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["register", "login", "refresh", "logout"])
async def test_a_body_is_needed(client, path):
    assert (await client.post(f"/auth/{path}")).status_code == 400


async def test_me_needs_a_valid_token(client, memory_shop):
    assert (await client.get("/users/me")).status_code == 401
    assert (await client.get("/users/me", headers={"Authorization": "Bearer x.y.z"})).status_code == 401
    await memory_shop.customer("new@example.com")
    tokens = await signed_in(client)
    memory_shop.clock.advance(timedelta(seconds=300 + 61))
    expired = await client.get("/users/me", headers=bearer(tokens))
    assert (expired.status_code, expired.json()["slug"]) == (401, "auth.expired-token")


async def test_a_refresh_token_is_no_access_token(client, memory_shop):
    await memory_shop.customer("new@example.com")
    tokens = await signed_in(client)
    answer = await client.get("/users/me", headers={"Authorization": f"Bearer {tokens['refresh_token']}"})
    assert answer.status_code == 401


async def test_me_of_a_closed_account_is_gone(client, memory_shop):
    account_id = await memory_shop.customer("new@example.com")
    tokens = await signed_in(client)
    await memory_shop.close_account(account_id)
    assert (await client.get("/users/me", headers=bearer(tokens))).status_code == 404


async def test_no_secret_and_no_email_reaches_a_log(client, memory_shop, capfd):
    """Also when something breaks in the middle of it."""
    lines = []
    sink = logger.add(lines.append, level="TRACE", format="{message}", diagnose=False)
    try:
        await client.post("/auth/register", json=NEW)
        tokens = await signed_in(client)
        await client.get("/users/me", headers=bearer(tokens))
        fresh = (await client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})).json()
        await client.post("/auth/login", json={"email": NEW["email"], "password": "wrong password"})
        memory_shop.container.uow.override(providers.Object(None))
        for handler in ("register_customer", "login", "refresh_tokens"):
            getattr(memory_shop.container, handler).reset()
        broken = Source(memory_shop)
        app = create_app(Settings(storage="memory"), broken)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost/api/v1") as second:
            for path, body in (
                ("register", NEW),
                ("login", {"email": NEW["email"], "password": PASSWORD}),
                ("refresh", {"refresh_token": fresh["refresh_token"]}),
            ):
                assert (await second.post(f"/auth/{path}", json=body)).status_code == 500
    finally:
        logger.remove(sink)
    written = "".join(lines) + "".join(capfd.readouterr())
    assert "request failed" in written
    canaries = (PASSWORD, "wrong password", NEW["email"], *tokens.values(), *fresh.values())
    assert [canary for canary in canaries if isinstance(canary, str) and len(canary) > 8 and canary in written] == []
