"""S22: signed in with cookies, and what a page that is not the shop's can make of that."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from merx.contexts.identity.domain.session import RefreshToken
from merx.infra.http.cookies import FORGED
from merx.infra.settings import Settings
from merx.kernel.ids import new_id
from tests.contexts.identity.conftest import PASSWORD, Shop, Source
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
ACCESS, REFRESH = "__Host-merx-access", "__Host-merx-refresh"
ADA = {"email": "Ada@Example.com", "password": PASSWORD}
BASE = "/api/v1"
FORMS = ("text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "")


@pytest.fixture
def client(memory_shop: Shop) -> AsgiClient:
    return AsgiClient(staged(SETTINGS, Source(memory_shop)))


@pytest.fixture
def browser(client: AsgiClient) -> Browser:
    return Browser(client, API)


@pytest.fixture
async def front(browser: Browser, memory_shop: Shop) -> Page:
    """A page of the shop, of a customer who has not signed in yet."""
    await memory_shop.customer()
    return browser.page(FRONT)


async def sign_in(page: Page, who: dict[str, str] = ADA) -> dict[str, str]:
    """The header that changes need from now on."""
    answer = await page.fetch("POST", f"{BASE}/auth/login", headers=COOKIE, json=who)
    assert answer.status == 200, answer
    return {"x-csrf-token": answer.json()["csrf_token"]}


def cookies(browser: Browser) -> str:
    return "; ".join(f"{name}={cookie.value}" for name, cookie in browser.cookies.items())


def refused(answer: Answer, slug: str, status: int = 403) -> None:
    assert (answer.status, answer.slug) == (status, slug), answer


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


class TestForgery:
    """The attacker's page makes the browser of a customer, who is signed in, send what it likes."""

    @pytest.fixture
    async def csrf(self, front: Page) -> dict[str, str]:
        return await sign_in(front)

    async def test_s22_forms_of_other_pages(self, csrf: dict[str, str], browser: Browser, memory_shop: Shop):
        """From a neighbouring domain the browser sends all cookies along: it is the same site."""
        body = b'{"name": "Mallory"}'
        for origin, wanted in ((NEIGHBOUR, 403), (EVIL, 401), (FRONT, 403)):
            for kind in FORMS:
                for path in ("/users/me/addresses", "/auth/logout-all", "/auth/password/change"):
                    answer = await browser.page(origin).form(BASE + path, kind, body)
                    assert answer.status in (wanted, 415), (origin, kind, path, answer)
                    assert answer.status != 415 or origin == EVIL
        assert (await browser.page(FRONT).fetch("GET", f"{BASE}/users/me")).json()["name"] == "Ada"

    async def test_s22_scripts_of_other_pages(self, csrf: dict[str, str], browser: Browser):
        for origin in (NEIGHBOUR, EVIL, "null"):
            page = browser.page(origin)
            for method, headers, body in (
                ("GET", {}, None), ("POST", {"content-type": "text/plain"}, b"{}"), ("PATCH", csrf, b"{}"),
                ("POST", {"content-type": "application/json"}, b"{}"), ("DELETE", {}, None),
            ):  # fmt: skip
                with pytest.raises(Blocked):
                    await page.fetch(method, f"{BASE}/users/me", headers=headers, body=body)
            with pytest.raises(Blocked):
                await page.fetch("GET", f"{BASE}/auth/csrf")

    async def test_s22_header_and_origin_are_both_needed(
        self, csrf: dict[str, str], client: AsgiClient, browser: Browser
    ):
        good = {"host": "api.shop.example", "cookie": cookies(browser), "origin": FRONT} | csrf

        async def answered(**changes: str | None) -> Answer:
            headers = {
                name: value
                for name, value in (good | {name.replace("_", "-"): value for name, value in changes.items()}).items()
                if value is not None
            }
            return await client.request("PATCH", f"{BASE}/users/me", headers=headers, json={"name": "Ada"})

        origin, token = "auth.unknown-origin", "auth.wrong-csrf-token"
        for changes, slug in (
            ({"origin": None}, origin), ({"origin": "null"}, origin), ({"origin": NEIGHBOUR}, origin),
            ({"origin": EVIL}, origin), ({"origin": "http://www.shop.example"}, origin),
            ({"origin": f"{FRONT}.evil.example"}, origin), ({"origin": f"{FRONT}:8443"}, origin),
            ({"origin": None, "referer": f"{EVIL}/?{FRONT}/"}, origin),
            ({"origin": "null", "referer": f"{FRONT}/"}, origin),
            ({"x_csrf_token": None}, token), ({"x_csrf_token": ""}, token), ({"x_csrf_token": "x" * 43}, token),
            ({"x_csrf_token": csrf["x-csrf-token"][:-1]}, token), ({"x_csrf_token": csrf["x-csrf-token"] + "A"}, token),
            ({"x_csrf_token": "\xe9" * 43}, token), ({"x_csrf_token": "a" * 5000}, token),
            ({"origin": None, "x_csrf_token": None}, origin),
        ):  # fmt: skip
            counted = FORGED.labels("origin" if slug is origin else "token")
            before = counted._value.get()
            refused(await answered(**changes), slug)
            assert counted._value.get() == before + 1
        for changes in ({}, {"origin": API}, {"origin": None, "referer": f"{FRONT}/account?x=1"}):
            assert (await answered(**changes)).status == 200

    async def test_s22_a_token_of_another_session_is_worth_nothing(
        self, csrf: dict[str, str], front: Page, client: AsgiClient, memory_shop: Shop
    ):
        """Neither the attacker's own, nor one of another device of the same customer."""
        await memory_shop.customer("mallory@example.com")
        mallory = await sign_in(Browser(client, API).page(FRONT), ADA | {"email": "mallory@example.com"})
        phone = await sign_in(Browser(client, API).page(FRONT))
        for other in (mallory, phone):
            refused(
                await front.fetch("PATCH", f"{BASE}/users/me", headers=other, json={"name": "M"}),
                "auth.wrong-csrf-token",
            )
            refused(await front.fetch("POST", f"{BASE}/auth/refresh", headers=other), "auth.wrong-csrf-token")
            refused(await front.fetch("POST", f"{BASE}/auth/logout", headers=other), "auth.wrong-csrf-token")
        assert (await front.fetch("POST", f"{BASE}/auth/refresh", headers=csrf)).status == 200

    async def test_s22_cookies_planted_by_a_neighbour(
        self, csrf: dict[str, str], client: AsgiClient, browser: Browser, memory_shop: Shop
    ):
        """A neighbouring domain can set any cookie for the whole domain, but none that begins with `__Host-`."""
        await memory_shop.customer("mallory@example.com")
        other = Browser(client, API)
        mallory = await sign_in(other.page(FRONT), ADA | {"email": "mallory@example.com"})
        bad = other.cookies[ACCESS].value
        own = {"host": "api.shop.example", "origin": FRONT}
        token = mallory["x-csrf-token"]
        # With the attacker's token in every name that others use for it: no cookie is ever compared with the header.
        planted = f"csrftoken={token}; XSRF-TOKEN={token}; __Host-merx-csrf={token}; merx-csrf={token}"
        answer = await client.request(
            "PATCH",
            f"{BASE}/users/me",
            headers=own | {"cookie": f"{planted}; {cookies(browser)}", "x-csrf-token": token},
            json={"name": "M"},
        )
        refused(answer, "auth.wrong-csrf-token")
        # Names that only look like ours: an own session for the victim, to see what it types in.
        for name in (
            "merx-access", "__host-merx-access", "__Secure-merx-access", "\xa0__Host-merx-access",
            "\xe2\x80\x80__Host-merx-access", "$Version=1,__Host-merx-access", "x__Host-merx-access",
            '"__Host-merx-access"', "__Host-merx-access[]", "\x0b__Host-merx-access", "\x85__Host-merx-access",
            "__Host-merx-access\x1c",
        ):  # fmt: skip
            answer = await client.get(f"{BASE}/users/me", headers=own | {"cookie": f"{name}={bad}"})
            refused(answer, "auth.required", 401)
        # Beside the real one: which of two is meant nobody can tell.
        twice = f"{ACCESS}={bad}; {cookies(browser)}"
        refused(await client.get(f"{BASE}/users/me", headers=own | {"cookie": twice}), "auth.invalid-token", 401)
        lines = [(b"host", b"api.shop.example"), (b"cookie", twice.encode()), (b"cookie", cookies(browser).encode())]
        refused(await client.get(f"{BASE}/users/me", headers=lines), "request.repeated-header", 400)

    async def test_s22_nobody_is_signed_in_by_another_page(self, client: AsgiClient, front: Page):
        """Login forgery: the victim would go on in the attacker's account."""
        own = {"host": "api.shop.example"} | COOKIE
        for origin in ({}, {"origin": EVIL}, {"origin": NEIGHBOUR}, {"origin": "null"}, {"referer": f"{EVIL}/"}):
            answer = await client.post(f"{BASE}/auth/login", headers=own | origin, json=ADA)
            refused(answer, "auth.unknown-origin")
            assert not [name for name, _ in answer.headers if name == b"set-cookie"]
        with pytest.raises(Blocked):
            await Browser(client, API).page(EVIL).fetch("POST", f"{BASE}/auth/login", headers=COOKIE, json=ADA)
        assert (await client.post(f"{BASE}/auth/login", headers=own | {"origin": FRONT}, json=ADA)).status == 200
        odd = await client.post(f"{BASE}/auth/login", headers=own | {"x-token-mode": "Cookies"}, json=ADA)
        refused(odd, "request.invalid", 400)

    async def test_s22_the_refresh_cookie_alone_does_nothing_for_others(
        self, csrf: dict[str, str], client: AsgiClient, browser: Browser
    ):
        own = {"host": "api.shop.example", "cookie": f"{REFRESH}={browser.cookies[REFRESH].value}"}
        for path in ("/auth/refresh", "/auth/logout"):
            refused(await client.post(BASE + path, headers=own), "auth.unknown-origin")
            refused(await client.post(BASE + path, headers=own | {"origin": NEIGHBOUR} | csrf), "auth.unknown-origin")
            refused(await client.post(BASE + path, headers=own | {"origin": FRONT}), "auth.wrong-csrf-token")
            bearer = own | {"origin": FRONT, "authorization": "Bearer x"} | csrf
            assert (await client.post(BASE + path, headers=bearer)).status in (400, 401)

    async def test_s22_nobody_gets_the_token_of_a_session_by_its_id(
        self, csrf: dict[str, str], client: AsgiClient, browser: Browser
    ):
        """An id is no secret: a refresh token with the right id and another secret proves nothing."""
        real = RefreshToken.parse(browser.cookies[REFRESH].value)
        made_up = [
            RefreshToken(real.session_id, real.generation, bytes(32)).text(),
            RefreshToken(real.session_id, real.generation + 1, real.secret).text(),
            RefreshToken(new_id(), 0, real.secret).text(),
            "mx_rt_x",
            "",
        ]
        for text in made_up:
            own = {"host": "api.shop.example", "origin": FRONT, "cookie": f"{REFRESH}={text}"}
            refused(await client.get(f"{BASE}/auth/csrf", headers=own), "identity.invalid-refresh-token", 401)
        refused(await client.get(f"{BASE}/auth/csrf", headers={"host": "api.shop.example"}), "auth.required", 401)

    async def test_s22_every_route_that_changes_something_asks(
        self, csrf: dict[str, str], client: AsgiClient, browser: Browser
    ):
        """Made from the router, so that a new route is covered the day it is written."""
        own = {"host": "api.shop.example", "cookie": cookies(browser), "content-type": "application/json"}
        open_doors = []
        for path, method in _changes(client.app):
            for headers in ({}, csrf, csrf | {"origin": EVIL}, {"origin": FRONT}):
                answer = await client.request(method, path, headers=own | headers, body=b"{}")
                if (answer.status, answer.slug) not in (
                    (403, "auth.unknown-origin"),
                    (403, "auth.wrong-csrf-token"),
                ):
                    open_doors.append((method, path, headers, answer.status))
        assert open_doors == []


def _changes(api: Any) -> Iterator[tuple[str, str]]:
    for route in api.routes:
        if route.method not in ("GET", "HEAD", "OPTIONS"):
            path = "/".join(str(new_id()) if part.startswith("{") else part for part in route.path.split("/"))
            yield path, route.method


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
