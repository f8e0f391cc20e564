"""S22: a sign-in through a provider is collected into cookies, and by the browser of the page that wanted it alone."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from merx.infra.settings import Settings
from tests.contexts.identity.conftest import Source
from tests.contexts.identity.factors import with_totp
from tests.contexts.identity.oidc_journeys import OidcShop
from tests.support.asgi import Answer, AsgiClient
from tests.support.browser import Blocked, Browser, Page
from tests.support.stage import staged

API, FRONT, NEIGHBOUR, EVIL = (
    "https://api.shop.example",
    "https://www.shop.example",
    "https://blog.shop.example",
    "https://evil.example",
)
SETTINGS = Settings(storage="memory", public_url=API, cors_origins=(FRONT,))
COOKIE = {"x-token-mode": "cookie"}
SECRET, ACCESS, REFRESH = "__Host-merx-browser", "__Host-merx-access", "__Host-merx-refresh"
BASE = "/api/v1"
EXCHANGE = f"{BASE}/auth/oidc/exchange"


@pytest.fixture
def shop() -> OidcShop:
    return OidcShop(public_url=API)


@pytest.fixture
def browser(shop: OidcShop) -> Browser:
    return Browser(AsgiClient(staged(SETTINGS, Source(shop))), API)


async def navigated(browser: Browser, target: str) -> str:
    """Where a navigation of the browser is led to."""
    answer = await browser.send("GET", target, {}, None, cookies=True)
    assert answer.status == 302, answer
    return answer.header("location") or ""


async def came_back(shop: OidcShop, browser: Browser) -> dict[str, str]:
    """The browser went to the provider; what the account page finds behind `#`."""
    url = await navigated(browser, f"{BASE}/auth/oidc/login/start")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(shop.provider)) as http:
        callback = urlsplit((await http.get(url)).headers["location"])
    page = await navigated(browser, f"{callback.path}?{callback.query}")
    return dict(parse_qsl(page.partition("#")[2], strict_parsing=True))


def collect(page: Page, found: dict[str, str], headers: dict[str, str] = COOKIE) -> Any:
    return page.fetch("POST", EXCHANGE, headers=headers, json={"code": found["code"]})


def lines(answer: Answer) -> dict[str, str]:
    """The cookies of an answer: name and attributes."""
    set_cookies = [value.decode() for name, value in answer.headers if name == b"set-cookie"]
    return {line.partition("=")[0]: line.partition("; ")[2] for line in set_cookies}


async def test_s22_the_tokens_come_as_cookies_and_the_csrf_token_in_the_body(shop: OidcShop, browser: Browser):
    page = browser.page(FRONT)
    answer = await collect(page, await came_back(shop, browser))
    assert answer.status == 200, answer
    assert set(answer.json()) == {"csrf_token", "expires_in", "refresh_expires_in", "token_type"}
    assert answer.json()["token_type"] == "Cookie"
    assert lines(answer) == {
        ACCESS: "Max-Age=300; Path=/; HttpOnly; Secure; SameSite=Lax",
        REFRESH: "Max-Age=1209600; Path=/; HttpOnly; Secure; SameSite=Strict",
    }
    assert browser.ignored == []
    for name in (ACCESS, REFRESH):
        assert browser.cookies[name].value.encode() not in answer.body
    assert (page.document_cookie(), answer.header("cache-control")) == ([], "no-store")
    # Both are good, and a change needs what the body said.
    csrf = {"x-csrf-token": answer.json()["csrf_token"]}
    assert (await page.fetch("GET", f"{BASE}/users/me")).json()["email"] == "ada@example.com"
    renamed = {"name": "Ada King"}
    refused = await page.fetch("PATCH", f"{BASE}/users/me", json=renamed)
    assert (refused.status, refused.slug) == (403, "auth.wrong-csrf-token")
    assert (await page.fetch("PATCH", f"{BASE}/users/me", headers=csrf, json=renamed)).status == 200
    assert (await page.fetch("POST", f"{BASE}/auth/refresh", headers=csrf)).status == 200


async def test_s22_without_the_header_the_tokens_are_in_the_body_and_nowhere_else(shop: OidcShop, browser: Browser):
    answer = await collect(browser.page(FRONT), await came_back(shop, browser), {})
    assert {"access_token", "refresh_token"} <= set(answer.json())
    assert lines(answer) == {}


async def test_s22_other_pages_collect_nothing_and_use_nothing_up(shop: OidcShop, browser: Browser):
    """Login forgery: a strange page would sign its visitor in to an account of its own."""
    found = await came_back(shop, browser)
    for origin in (EVIL, NEIGHBOUR, "null"):
        with pytest.raises(Blocked):
            await collect(browser.page(origin), found)
        # Without a preflight, as a program would: the door refuses by itself.
        sent = COOKIE | {"origin": origin, "content-type": "application/json"}
        body = b'{"code": "%s"}' % found["code"].encode()
        refused = await browser.send("POST", EXCHANGE, sent, body, cookies=True)
        assert (refused.status, refused.slug, lines(refused)) == (403, "auth.unknown-origin", {}), origin
    # Another browser has the origin and the code, and not the secret of this one.
    stranger = Browser(browser.client, API)
    refused = await collect(stranger.page(FRONT), found)
    assert (refused.status, refused.slug, lines(refused)) == (400, "identity.invalid-code", {})
    assert set(browser.cookies) == {SECRET}
    collected = await collect(browser.page(FRONT), found)
    assert collected.status == 200
    # Signed in now, the browser says so with every request: another sign-in is a change like any other.
    again = await collect(browser.page(FRONT), found)
    assert (again.status, again.slug, lines(again)) == (403, "auth.wrong-csrf-token", {})
    again = await collect(browser.page(FRONT), found, COOKIE | {"x-csrf-token": collected.json()["csrf_token"]})
    assert (again.status, again.slug, lines(again)) == (400, "identity.invalid-code", {})


async def test_s22_the_question_for_a_second_factor_sets_no_cookie_and_its_answer_does(
    shop: OidcShop, browser: Browser
):
    page = browser.page(FRONT)
    tokens = (await collect(page, await came_back(shop, browser), {})).json()
    _, recovery = await with_totp(shop.browser().http, shop, tokens)
    asked = await collect(page, await came_back(shop, browser))
    assert (asked.status, lines(asked)) == (200, {})
    assert {"mfa_token", "methods"} <= set(asked.json())
    body = {"mfa_token": asked.json()["mfa_token"], "recovery_code": recovery[0]}
    answer = await page.fetch("POST", f"{BASE}/auth/mfa/challenge", headers=COOKIE, json=body)
    assert (answer.status, set(lines(answer))) == (200, {ACCESS, REFRESH})
    assert "access_token" not in answer.json()
    sessions = (await page.fetch("GET", f"{BASE}/auth/sessions")).json()
    assert [each["methods"] for each in sessions if each["current"]] == [["oidc", "recovery_code"]]
