"""S22: signed in with cookies, from signing in to signing out, over https and on one machine without it."""

from datetime import timedelta

import pytest

from merx.infra.settings import Settings
from tests.contexts.identity.conftest import Shop, Source
from tests.contexts.identity.cookie_journeys import ACCESS, ADA, BASE, COOKIE, EVIL, REFRESH, refused, sign_in
from tests.support.asgi import AsgiClient
from tests.support.browser import Blocked, Browser, Page
from tests.support.stage import staged


@pytest.fixture
def client(browser: Browser) -> AsgiClient:
    return browser.client


class TestLife:
    async def test_s22_from_signing_in_to_signing_out(self, front: Page, browser: Browser):
        csrf = await sign_in(front)
        assert (await front.fetch("GET", f"{BASE}/users/me")).json()["email"] == ADA["email"]
        renamed = await front.fetch("PATCH", f"{BASE}/users/me", headers=csrf, json={"name": "Ada L."})
        assert (renamed.status, renamed.json()["name"]) == (200, "Ada L.")
        first = dict(browser.cookies)
        renewed = await front.fetch("POST", f"{BASE}/auth/refresh", headers=csrf)
        assert (renewed.status, renewed.json()["csrf_token"]) == (200, csrf["x-csrf-token"])
        assert browser.cookies[REFRESH] != first[REFRESH]
        assert (await front.fetch("POST", f"{BASE}/auth/logout", headers=csrf)).status == 204
        assert browser.cookies == {}
        refused(await front.fetch("GET", f"{BASE}/users/me"), "auth.required", 401)

    async def test_s22_no_script_sees_a_token(self, front: Page, browser: Browser):
        answer = await front.fetch("POST", f"{BASE}/auth/login", headers=COOKIE, json=ADA)
        assert answer.json() == {
            "csrf_token": answer.json()["csrf_token"],
            "expires_in": 300,
            "refresh_expires_in": 14 * 86400,
            "token_type": "Cookie",
        }
        for cookie in browser.cookies.values():
            assert cookie.value.encode() not in answer.body
        assert front.document_cookie() == []
        assert browser.ignored == []
        lines = [value.decode() for name, value in answer.headers if name == b"set-cookie"]
        ends = [line.partition("; ")[2] for line in lines]
        assert ends == [
            "Max-Age=300; Path=/; HttpOnly; Secure; SameSite=Lax",
            "Max-Age=1209600; Path=/; HttpOnly; Secure; SameSite=Strict",
        ]
        assert [line.partition("=")[0] for line in lines] == [ACCESS, REFRESH]
        assert answer.header("cache-control") == "no-store"

    async def test_s22_what_came_as_a_cookie_is_never_renewed_into_the_body(self, front: Page):
        csrf = await sign_in(front)
        for mode in ({}, {"x-token-mode": "body"}):
            answer = await front.fetch("POST", f"{BASE}/auth/refresh", headers=csrf | mode)
            assert answer.status == 200
            assert "access_token" not in answer.json()

    async def test_s22_a_page_that_was_closed_finds_its_way_back(
        self, front: Page, browser: Browser, memory_shop: Shop
    ):
        """Hours later the browser has the refresh cookie alone, and the page nothing."""
        csrf = await sign_in(front)
        del browser.cookies[ACCESS]
        memory_shop.clock.advance(timedelta(hours=5))
        assert (await front.fetch("GET", f"{BASE}/auth/csrf")).json() == {"csrf_token": csrf["x-csrf-token"]}
        assert (await front.fetch("POST", f"{BASE}/auth/refresh", headers=csrf)).status == 200
        assert (await front.fetch("GET", f"{BASE}/users/me")).status == 200
        assert (await front.fetch("GET", f"{BASE}/auth/csrf")).json() == {"csrf_token": csrf["x-csrf-token"]}

    async def test_s22_a_cookie_that_is_good_no_more_keeps_nobody_out(
        self, front: Page, browser: Browser, memory_shop: Shop
    ):
        csrf = await sign_in(front)
        memory_shop.clock.advance(timedelta(seconds=300 + 61))
        stale = browser.cookies[ACCESS]
        refused(await front.fetch("GET", f"{BASE}/users/me"), "auth.expired-token", 401)
        assert ACCESS not in browser.cookies, "the browser need not send it again"
        browser.cookies[ACCESS] = stale
        assert (await front.fetch("POST", f"{BASE}/auth/refresh", headers=csrf)).status == 200
        browser.cookies[ACCESS] = stale
        await sign_in(front)
        assert (await front.fetch("GET", f"{BASE}/users/me")).status == 200

    async def test_s22_every_device_signed_out_forgets_the_cookies_here(self, front: Page, browser: Browser):
        csrf = await sign_in(front)
        assert (await front.fetch("POST", f"{BASE}/auth/logout-all", headers=csrf)).status == 204
        assert browser.cookies == {}

    async def test_s22_a_refresh_cookie_used_again_ends_the_session(
        self, front: Page, browser: Browser, memory_shop: Shop
    ):
        csrf = await sign_in(front)
        old = browser.cookies[REFRESH]
        await front.fetch("POST", f"{BASE}/auth/refresh", headers=csrf)
        memory_shop.clock.advance(timedelta(seconds=30))
        newest, browser.cookies[REFRESH] = browser.cookies[REFRESH], old
        refused(await front.fetch("POST", f"{BASE}/auth/refresh", headers=csrf), "identity.invalid-refresh-token", 401)
        browser.cookies[REFRESH] = newest
        refused(await front.fetch("POST", f"{BASE}/auth/refresh", headers=csrf), "identity.invalid-refresh-token", 401)

    async def test_s22_bearer_tokens_are_as_before(self, client: AsgiClient, front: Page):
        """No cookie, no origin, no CSRF token: programs and apps are not asked for them."""
        tokens = (await client.post(f"{BASE}/auth/login", json=ADA, headers={"host": "api.shop.example"})).json()
        sent = {"host": "api.shop.example", "authorization": f"Bearer {tokens['access_token']}"}
        assert tokens["token_type"] == "Bearer"
        for headers in (sent, sent | {"cookie": f"{ACCESS}=x; {REFRESH}=y"}, sent | {"origin": EVIL}):
            answer = await client.request("PATCH", f"{BASE}/users/me", headers=headers, json={"name": "Ada"})
            assert answer.status == 200
            assert not [name for name, _ in answer.headers if name == b"set-cookie"]
        renewed = await client.post(
            f"{BASE}/auth/refresh", headers=sent, json={"refresh_token": tokens["refresh_token"]}
        )
        assert renewed.json()["refresh_token"]


class TestPlainHttp:
    """Development on one machine: browsers refuse `Secure` and `__Host-` on http, so the cookies go without."""

    async def test_s22_on_this_machine(self, memory_shop: Shop):
        await memory_shop.customer()
        api, front = "http://localhost:8000", "http://localhost:3000"
        settings = Settings(storage="memory", public_url=api, cors_origins=(front,))
        browser = Browser(AsgiClient(staged(settings, Source(memory_shop))), api)
        page = browser.page(front)
        csrf = await sign_in(page)
        assert sorted(browser.cookies) == ["merx-access", "merx-refresh"]
        assert not any(cookie.secure for cookie in browser.cookies.values())
        assert page.document_cookie() == []
        assert (await page.fetch("POST", f"{BASE}/auth/refresh", headers=csrf)).status == 200
        with pytest.raises(Blocked):
            await page.fetch("POST", f"{BASE}/auth/refresh", headers=csrf | {"x-forwarded-proto": "https"})

    async def test_s22_nowhere_else(self, memory_shop: Shop):
        await memory_shop.customer()
        api = "http://192.168.1.5:8000"
        settings = Settings(storage="memory", public_url=api)
        client = AsgiClient(staged(settings, Source(memory_shop)), headers={"host": "192.168.1.5:8000"})
        answer = await client.post(f"{BASE}/auth/login", headers=COOKIE | {"origin": api}, json=ADA)
        refused(answer, "auth.cookie-mode-off")
        token = (await client.post(f"{BASE}/auth/login", json=ADA)).json()["access_token"]
        sent = {"cookie": f"merx-access={token}"}
        refused(await client.get(f"{BASE}/users/me", headers=sent), "auth.required", 401)
