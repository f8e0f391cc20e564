"""People sign in through a real Keycloak, in a shop that is set up by its variables alone."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pyotp
import pytest

from merx.bootstrap.api import Api, create_app
from merx.bootstrap.container import App
from merx.contexts.identity.domain.account import Account, AccountKind
from merx.infra.settings import Settings, load_settings
from tests.contexts.identity.conftest import bearer
from tests.contexts.identity.oidc_journeys import API, Browser, query_of
from tests.support.asgi import AsgiClient
from tests.support.keycloak.realm import CLIENT_ID, LoginForm, Realm
from tests.support.keycloak.realm import PASSWORD as AT_KEYCLOAK

# Keycloak takes 20 seconds to start and 500 MB: `nox -s keycloak`.
pytestmark = [pytest.mark.keycloak, pytest.mark.services]

INTERRUPTED = {"error": "identity.sign-in-interrupted"}
HERE = "the password at the shop"


@dataclass
class Shop:
    app: App
    api: Api
    realm: Realm

    def browser(self, username: str = "ada") -> "AtKeycloak":
        return AtKeycloak(self, username)

    async def account(self, username: str = "ada") -> Account | None:
        async with self.app.contexts.identity.uow() as uow:
            found: Account | None = await uow.accounts.by_email(f"{username}@example.com")
        return found

    def owner(self, tokens: Any) -> Any:
        return self.app.infra.access_tokens().verify(tokens["access_token"]).account_id


class AtKeycloak(Browser):
    """A browser whose owner fills in the form of Keycloak."""

    def __init__(self, shop: Shop, username: str) -> None:
        transport = httpx.ASGITransport(shop.api, client=("192.0.2.7", 1234))
        self.http = httpx.AsyncClient(transport=transport, base_url="http://localhost/api/v1", timeout=30)
        self.at, self.username = "keycloak", username

    async def visit_provider(self, url: str) -> str:
        form = LoginForm()
        answer = await form.submit(await form.open(url), self.username, AT_KEYCLOAK)
        assert answer.status_code == 302, answer.text
        return str(answer.headers["location"])


@pytest.fixture(params=["memory", "postgres"])
def settings(request: pytest.FixtureRequest, realm: Realm, tmp_path: Path) -> Settings:
    secret = tmp_path / "keycloak-secret"
    secret.write_text(f"{realm.client_secret}\n")
    variables = {
        "MERX_STORAGE": request.param,
        "MERX_DATA_DIR": str(tmp_path / "data"),
        "MERX_PUBLIC_URL": "http://localhost:8000",
        "MERX_OIDC_KEYCLOAK_ISSUER": realm.issuer,
        "MERX_OIDC_KEYCLOAK_CLIENT_ID": CLIENT_ID,
        "MERX_OIDC_KEYCLOAK_CLIENT_SECRET_FILE": str(secret),
        "MERX_OIDC_KEYCLOAK_TITLE": "Our login",
        "MERX_OIDC_KEYCLOAK_TRUST_EMAIL": "true",
    }
    if request.param == "postgres":
        variables["MERX_DATABASE_URL"] = request.getfixturevalue("database_url")
        variables["MERX_REDIS_URL"] = request.getfixturevalue("redis_url")
    return load_settings(variables)


@pytest.fixture
async def shop(settings: Settings, realm: Realm) -> AsyncIterator[Shop]:
    app = App(settings)
    api = create_app(settings, app)
    async with AsgiClient(api):
        yield Shop(app, api, realm)


async def test_the_first_sign_in_makes_an_account_and_the_second_finds_it(shop: Shop):
    browser = shop.browser()
    listed = await browser.http.get("/auth/oidc")
    assert listed.json() == [{"name": "keycloak", "title": "Our login", "kind": "customer"}]
    found = await browser.go(return_to="/orders?page=2")
    assert found["return_to"] == "/orders?page=2"
    tokens = (await browser.collect(found)).json()
    made = await shop.account()
    assert made is not None
    assert made.email_verified_at is not None
    assert (made.id, made.email, made.name) == (shop.owner(tokens), "ada@example.com", "Ada Lovelace")
    assert (made.kind, made.password_hash) == (AccountKind.customer, None)
    again = await shop.browser().sign_in()
    assert shop.owner(again) == made.id
    (identity,) = (await browser.http.get("/auth/identities", headers=bearer(again))).json()
    assert (identity["provider"], identity["email"]) == ("keycloak", "ada@example.com")
    sessions = (await browser.http.get("/auth/sessions", headers=bearer(again))).json()
    assert [each["methods"] for each in sessions] == [["oidc"], ["oidc"]]


async def test_a_wrong_password_at_keycloak_gives_no_session(shop: Shop):
    browser, form = shop.browser(), LoginForm()
    page = await form.open(await browser.leave())
    refused = await form.submit(page, "ada", "not her password")
    assert (refused.status_code, "location" in refused.headers) == (200, False)
    assert "Invalid username or password" in refused.text
    assert await shop.account() is None
    # The same flow goes on with the right one.
    answer = await form.submit(refused, "ada", AT_KEYCLOAK)
    assert "code" in await browser.come_back(answer.headers["location"])


async def test_s06_a_state_and_both_codes_are_good_once_and_in_their_browser(shop: Shop):
    browser, stranger = shop.browser(), shop.browser()
    callback = await browser.visit_provider(await browser.leave())
    state = query_of(callback)["state"]
    tampered = state[:20] + ("A" if state[20] != "A" else "B") + state[21:]
    assert await browser.come_back(callback.replace(state, tampered)) == INTERRUPTED
    await stranger.leave()
    assert await stranger.come_back(callback) == INTERRUPTED
    found = await browser.come_back(callback)
    assert "code" in found
    assert await browser.come_back(callback) == INTERRUPTED
    refused = await stranger.collect(found)
    assert (refused.status_code, refused.json()["slug"]) == (400, "identity.invalid-code")
    assert (await browser.collect(found)).status_code == 200
    replayed = await browser.collect(found)
    assert (replayed.status_code, replayed.json()["slug"]) == (400, "identity.invalid-code")


async def test_s06_a_code_of_keycloak_is_refused_by_keycloak_in_another_flow(shop: Shop):
    """Code injection: neither the verifier of PKCE nor the nonce are those that the code was made for."""
    victim, attacker = shop.browser(), shop.browser()
    stolen = query_of(await victim.visit_provider(await victim.leave()))["code"]
    own = query_of(await attacker.leave())["state"]
    injected = (
        f"{API}/auth/oidc/keycloak/callback?{urlencode({'state': own, 'code': stolen, 'iss': shop.realm.issuer})}"
    )
    assert await attacker.come_back(injected) == {"error": "identity.provider-refused"}
    assert await shop.account() is None


async def test_s05_an_email_that_keycloak_did_not_verify_opens_nothing(shop: Shop):
    ensure = shop.app.contexts.identity.ensure_account()
    owner = await ensure("eve@example.com", "Eve", AccountKind.customer, (), HERE)
    browser = shop.browser("eve")
    assert await browser.go() == {"error": "identity.link-first"}
    async with shop.app.contexts.identity.uow() as uow:
        assert await uow.linked_identities.of_account(owner) == []
    # The owner links it herself, and then it is a way in.
    body = {"email": "eve@example.com", "password": HERE}
    tokens = (await browser.http.post("/auth/login", json=body)).json()
    linked = await browser.link(tokens, password=HERE)
    assert (linked.status_code, linked.json()["provider"]) == (200, "keycloak")
    assert shop.owner(await shop.browser("eve").sign_in()) == owner


async def test_s05_an_email_that_keycloak_verified_finds_the_account(shop: Shop):
    ensure = shop.app.contexts.identity.ensure_account()
    owner = await ensure("Ada@Example.com", "Ada", AccountKind.customer, (), HERE)
    assert shop.owner(await shop.browser().sign_in()) == owner


async def test_keycloak_demands_pkce_with_s256_and_the_registered_address(shop: Shop):
    """What the shop sends is needed: without it, and with less, Keycloak refuses."""
    browser = shop.browser()
    url = await browser.leave()
    asked = query_of(url)
    assert (asked["code_challenge_method"], len(asked["code_challenge"])) == ("S256", 43)
    for changes in ({"code_challenge": None, "code_challenge_method": None}, {"code_challenge_method": "plain"}):
        kept = {name: value for name, value in (asked | changes).items() if value is not None}
        refused = await LoginForm().open(f"{url.partition('?')[0]}?{urlencode(kept)}")
        assert refused.status_code == 302, changes
        assert parse_qs(urlsplit(refused.headers["location"]).query)["error"] == ["invalid_request"], changes
    elsewhere = url.replace("callback", "callback2")
    assert (await LoginForm().open(elsewhere)).status_code == 400
    declined = await browser.come_back(refused.headers["location"])
    assert declined == {"error": "identity.sign-in-declined"}


async def test_s22_a_second_factor_at_the_shop_follows_and_both_are_remembered(shop: Shop):
    browser = shop.browser()
    tokens = await browser.sign_in()
    new = (await browser.http.post("/auth/mfa/totp", headers=bearer(tokens))).json()
    code = pyotp.TOTP(new["secret"]).now()
    made = await browser.http.post("/auth/mfa/totp/confirm", json={"code": code}, headers=bearer(tokens))
    recovery = made.json()["recovery_codes"][0]
    asked = (await browser.collect(await browser.go())).json()
    assert asked["methods"] == ["totp", "recovery_code"]
    body = {"mfa_token": asked["mfa_token"], "recovery_code": recovery}
    whole = (await browser.http.post("/auth/mfa/challenge", json=body)).json()
    sessions = (await browser.http.get("/auth/sessions", headers=bearer(whole))).json()
    assert [each["methods"] for each in sessions if each["current"]] == [["oidc", "recovery_code"]]
