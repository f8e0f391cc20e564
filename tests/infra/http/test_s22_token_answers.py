"""S22: whatever hands out tokens does it in the way that was asked for, also a route that nobody has written yet."""

import json
from typing import Any

import msgspec
import pytest
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency

from merx.infra.http.auth import public, signed_in
from merx.infra.http.cookies import NoSession
from merx.infra.http.once import once
from merx.infra.http.token_answers import ends_session
from merx.infra.idempotency.memory import MemoryIdempotency
from merx.infra.memory import MemoryStore
from merx.infra.tokens import MAX_TOKEN, AccessTokens
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.ids import new_id
from merx.kernel.model import View
from tests.architecture.tree import ROOT
from tests.infra.http.toy import MEMORY, Toys, toy_app
from tests.support.asgi import Answer, AsgiClient

SETTINGS = msgspec.structs.replace(MEMORY, public_url="https://shop.example")
PAGE = {"host": "shop.example", "origin": "https://shop.example"}
COOKIE = PAGE | {"x-token-mode": "cookie"}
SESSION, ACCOUNT = new_id(), new_id()


class Pair(View, frozen=True):
    access_token: str
    refresh_token: str
    expires_in: int
    return_to: str = "/cart"
    token_type: str = "Bearer"
    refresh_expires_in: int = 1000


class Access(View, frozen=True):
    access_token: str
    expires_in: int


class Question(View, frozen=True):
    mfa_token: str


def access(tokens: AccessTokens, permissions: tuple[str, ...] = ()) -> str:
    return tokens.issue(ACCOUNT, ActorKind.customer, permissions, session_id=SESSION)


class Doors(Controller):
    path = "/doors"

    @post("/in", guards=[public], status_code=200)
    async def one(self, tokens: NamedDependency[AccessTokens]) -> Pair | Question:
        return Pair(access(tokens), "mx_rt_a", 300)

    @post("/alone", guards=[public], status_code=200)
    async def alone(self, tokens: NamedDependency[AccessTokens]) -> Access:
        return Access(tokens.issue(ACCOUNT, ActorKind.customer), 300)

    @post("/asked", guards=[public], status_code=200)
    async def asked(self) -> Pair | Question:
        return Question("x")

    @get("/back", guards=[public])
    async def back(self, tokens: NamedDependency[AccessTokens]) -> Pair:
        return Pair(access(tokens), "mx_rt_a", 300)

    @post("/fresh", guards=[signed_in], status_code=200)
    async def fresh(self, actor: NamedDependency[Actor], tokens: NamedDependency[AccessTokens]) -> Access:
        return Access(access(tokens), 300)

    @post("/large", guards=[public], status_code=200)
    async def large(self, tokens: NamedDependency[AccessTokens]) -> Access:
        # Good as a token, and one with its name around it is not.
        sizes = (access(tokens, ("x" * size,)) for size in range(2800, 2600, -1))
        return Access(next(token for token in sizes if len(token) <= MAX_TOKEN), 300)

    @post("/out", guards=[public], status_code=204, **ends_session())
    async def out(self) -> None: ...


class DoorToys(Toys):
    def __init__(self, *controllers: type[Controller]) -> None:
        super().__init__(SETTINGS, *controllers)

    def http_parts(self) -> Any:
        parts = super().http_parts()
        return msgspec.structs.replace(
            parts,
            dependencies={**parts.dependencies, "tokens": self.tokens},
            idempotency=MemoryIdempotency(MemoryStore()),
        )


@pytest.fixture(scope="module")
def client() -> AsgiClient:
    return AsgiClient(toy_app(SETTINGS, DoorToys(Doors)))


def cookies_of(answer: Answer) -> dict[str, str]:
    lines = [value.decode() for name, value in answer.headers if name == b"set-cookie"]
    return {line.partition("=")[0]: line.partition("=")[2].partition(";")[0] for line in lines}


async def test_s22_every_view_with_tokens_becomes_cookies(client: AsgiClient):
    plain = await client.post("/api/v1/doors/in", headers=PAGE)
    assert set(plain.json()) == {
        "access_token", "refresh_token", "expires_in", "return_to", "token_type", "refresh_expires_in"
    }  # fmt: skip
    assert cookies_of(plain) == {}
    answer = await client.post("/api/v1/doors/in", headers=COOKIE)
    said = answer.json()
    assert said.pop("csrf_token")
    assert said == {"expires_in": 300, "return_to": "/cart", "token_type": "Cookie", "refresh_expires_in": 1000}
    assert sorted(cookies_of(answer)) == ["__Host-merx-access", "__Host-merx-refresh"]
    assert (await client.post("/api/v1/doors/asked", headers=COOKIE)).json() == {"mfa_token": "x"}


async def test_s22_who_is_signed_in_by_cookie_never_gets_a_token(client: AsgiClient):
    first = await client.post("/api/v1/doors/in", headers=COOKIE)
    held = "; ".join(f"{name}={value}" for name, value in cookies_of(first).items())
    sent = PAGE | {"cookie": held, "x-csrf-token": first.json()["csrf_token"]}
    for mode in ({}, {"x-token-mode": "body"}, {"x-token-mode": "cookie"}):
        for method, path in (("POST", "in"), ("POST", "fresh"), ("GET", "back")):
            answer = await client.request(method, f"/api/v1/doors/{path}", headers=sent | mode)
            assert answer.status == 200
            assert "access_token" not in answer.json(), (mode, path)
            assert "__Host-merx-access" in cookies_of(answer)
    fresh = await client.post("/api/v1/doors/fresh", headers=sent)
    assert list(cookies_of(fresh)) == ["__Host-merx-access"], "the refresh token stays"
    gone = await client.post("/api/v1/doors/out", headers=sent)
    assert (gone.status, cookies_of(gone)) == (204, {"__Host-merx-access": "", "__Host-merx-refresh": ""})
    assert (await client.post("/api/v1/doors/out", headers=PAGE)).header("set-cookie") is None


async def test_s22_a_token_that_no_sign_in_made_becomes_no_cookie(client: AsgiClient):
    """It has no session that a wanted change could be tied to."""
    plain = await client.post("/api/v1/doors/alone", headers=PAGE)
    bearer = {"authorization": f"Bearer {plain.json()['access_token']}"}
    answer = await client.post("/api/v1/doors/fresh", headers=COOKIE | bearer)
    assert (answer.is_problem, answer.slug, cookies_of(answer)) == (True, NoSession.slug, {})
    assert (await client.post("/api/v1/doors/fresh", headers=PAGE | bearer)).status == 200
    # Signing in is no renewing, whatever token is sent along.
    assert cookies_of(await client.post("/api/v1/doors/in", headers=COOKIE | bearer)) != {}


async def test_s22_a_token_that_no_browser_would_keep_is_not_sent(client: AsgiClient):
    answer = await client.post("/api/v1/doors/large", headers=COOKIE)
    assert (answer.status, answer.slug) == (422, "auth.token-too-large")
    assert cookies_of(answer) == {}
    assert (await client.post("/api/v1/doors/large", headers=PAGE)).status == 200


@pytest.mark.parametrize("kind", ["kept", "wrapped"])
def test_s22_no_route_hands_out_tokens_past_cookie_mode(kind: str):
    class Kept(Controller):
        path = "/kept"

        @post("/", guards=[public], **once())
        async def make(self) -> Access:
            return Access("x", 1)

    class Wrapped(Controller):
        path = "/wrapped"

        @post("/", guards=[public])
        async def make(self) -> Response[Access]:
            return Response(Access("x", 1))

    with pytest.raises(RuntimeError, match=f"/{kind} hands out tokens"):
        toy_app(SETTINGS, DoorToys(Kept if kind == "kept" else Wrapped))


def test_s22_every_published_answer_with_a_token_offers_cookies():
    document = json.loads((ROOT / "tests" / "architecture" / "openapi.json").read_text())
    schemas = document["components"]["schemas"]
    with_tokens = {name for name, schema in schemas.items() if "access_token" in schema.get("properties", {})}
    assert with_tokens
    found, missing = 0, []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            said = json.dumps([answer for status, answer in operation["responses"].items() if status[0] == "2"])
            if any(f'"#/components/schemas/{name}"' in said for name in with_tokens):
                found += 1
                headers = [each["name"] for each in operation.get("parameters", [])]
                if "CookieSession" not in said or "X-Token-Mode" not in headers:
                    missing.append(f"{method} {path}")
    assert found >= 2
    assert missing == []
