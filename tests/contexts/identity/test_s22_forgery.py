"""S22: what a page that is not the shop's can make of a browser that is signed in with cookies."""

from collections.abc import Iterator
from typing import Any

import pytest

from merx.contexts.identity.domain.session import RefreshToken
from merx.infra.http.cookies import FORGED
from merx.kernel.ids import new_id
from tests.contexts.identity.conftest import API, FRONT, Shop
from tests.contexts.identity.cookie_journeys import (
    ACCESS,
    ADA,
    BASE,
    COOKIE,
    EVIL,
    NEIGHBOUR,
    REFRESH,
    cookies,
    refused,
    sign_in,
)
from tests.support.asgi import Answer, AsgiClient
from tests.support.browser import Blocked, Browser, Page

FORMS = ("text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "")


@pytest.fixture
def client(browser: Browser) -> AsgiClient:
    return browser.client


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
