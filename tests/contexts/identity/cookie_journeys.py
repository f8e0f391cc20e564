"""Signing in with cookies: what a page of the shop does, from where others try it, and how they are answered."""

from tests.contexts.identity.conftest import PASSWORD
from tests.support.asgi import Answer
from tests.support.browser import Browser, Page

NEIGHBOUR, EVIL = "https://blog.shop.example", "https://evil.example"
COOKIE = {"x-token-mode": "cookie"}
ACCESS, REFRESH = "__Host-merx-access", "__Host-merx-refresh"
ADA = {"email": "Ada@Example.com", "password": PASSWORD}
BASE = "/api/v1"


async def sign_in(page: Page, who: dict[str, str] = ADA) -> dict[str, str]:
    """The header that changes need from now on."""
    answer = await page.fetch("POST", f"{BASE}/auth/login", headers=COOKIE, json=who)
    assert answer.status == 200, answer
    return {"x-csrf-token": answer.json()["csrf_token"]}


def cookies(browser: Browser) -> str:
    return "; ".join(f"{name}={cookie.value}" for name, cookie in browser.cookies.items())


def refused(answer: Answer, slug: str, status: int = 403) -> None:
    assert (answer.status, answer.slug) == (status, slug), answer
