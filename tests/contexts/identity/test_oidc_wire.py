"""A provider at the other end of a real socket that is slow, endless or broken: whoever signs in hears so, soon."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from merx.contexts.identity.adapters.oidc.wire import MAX_BODY, OidcWire
from merx.contexts.identity.domain.provider_errors import ProviderAway
from tests.contexts.identity.conftest import PASSWORD, bearer, signed_in
from tests.contexts.identity.oidc_journeys import API, OidcShop, identities
from tests.support.oidc.provider import StrictProvider
from tests.support.oidc.rough_server import RoughServer

pytestmark = pytest.mark.services

# Of one request, on a machine that has other things to do.
BOUND = 2.0
AWAY, REFUSED = "identity.provider-away", "identity.provider-refused"
MANNERS = (
    "never_answers",
    "answers_a_byte_at_a_time",
    "begins_a_byte_at_a_time",
    "floods",
    "floods_with_headers",
    "leads_elsewhere",
    "breaks_off",
    "hangs_up",
    "resets",
    "speaks_no_http",
)


@asynccontextmanager
async def opened(
    server: RoughServer, *, read: float = 0.2, whole: float = 0.5, patience: float = 5.0
) -> AsyncIterator[OidcShop]:
    """A shop that speaks to `server` through the client that a shop has, with less patience."""
    wire = OidcWire(read_seconds=read, whole_seconds=whole)
    shop = OidcShop(issuer=server.url, wire=wire, patience_seconds=patience)
    server.provider = shop.provider
    yield shop


@pytest.fixture
async def server() -> AsyncIterator[RoughServer]:
    async with RoughServer() as server:
        yield server


async def test_whoever_asks_for_the_documents_gets_a_clean_refusal_in_time(server: RoughServer):
    wrong = []
    async with RoughServer() as elsewhere, opened(server) as shop:
        server.elsewhere = elsewhere.url
        browser = shop.browser()
        await shop.customer("ada@example.com")
        tokens = await signed_in(browser.http, "ada@example.com")
        for place in ("openid-configuration", "jwks"):
            for manner in MANNERS:
                shop.providers.forget()
                server.place, server.manner, server.sent = place, manner, 0
                began = time.monotonic()
                found = await outcomes(shop, bearer(tokens)) if place != "jwks" else [await came_back(shop)]
                took = time.monotonic() - began
                if set(found) != {AWAY} or took > BOUND:
                    wrong.append(f"{place} {manner}: {found} after {took:.2f} s")
                # What fits into the buffers of two sockets is sent before anybody can say stop.
                if server.sent > 64 * MAX_BODY:
                    wrong.append(f"{place} {manner}: took {server.sent} bytes")
        assert elsewhere.asked == []
    assert wrong == []


async def outcomes(shop: OidcShop, headers: dict[str, str]) -> list[str]:
    """The slug for a program, and the one behind `#` for a browser."""
    browser = shop.browser()
    answer = await browser.http.post("/auth/oidc/login/link", json={"password": PASSWORD}, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json"), answer.text
    problem = answer.json()
    assert {"type", "title", "status", "slug", "request_id"} <= set(problem)
    assert shop.provider.issuer not in answer.text
    return [problem["slug"], (await browser.leave()).rpartition("#error=")[2]]


async def came_back(shop: OidcShop) -> str:
    """The slug that a browser is led to that comes back with a good code."""
    browser = shop.browser()
    found = await browser.come_back(await browser.visit_provider(await browser.leave()))
    return found.get("error", "")


async def test_a_code_is_traded_and_a_person_asked_for_in_time_or_not_at_all(server: RoughServer):
    wrong = []
    async with RoughServer() as elsewhere, opened(server) as shop:
        server.elsewhere = elsewhere.url
        shop.provider.in_userinfo = True
        for place in ("token", "userinfo"):
            for manner in MANNERS:
                server.place, server.manner = place, manner
                began = time.monotonic()
                slug, took = await came_back(shop), time.monotonic() - began
                # A token endpoint that answers something else is no reason to try again.
                refused = (place, manner) == ("token", "leads_elsewhere")
                if slug != (REFUSED if refused else AWAY) or took > BOUND:
                    wrong.append(f"{place} {manner}: {slug or 'a sign-in'} after {took:.2f} s")
        # Code and access token are for the provider alone.
        assert elsewhere.asked == []
        assert await identities(shop) == []
        server.manner = ""
        assert await shop.browser().sign_in()
    assert wrong == []


async def test_many_who_wait_at_once_leave_no_connection_behind(server: RoughServer):
    """More than the client has connections: those beyond wait for one, and no longer than the others."""
    async with opened(server) as shop:
        browser = shop.browser()
        callbacks = [await browser.visit_provider(await browser.leave()) for _ in range(40)]
        server.place, server.manner = "token", "never_answers"
        began = time.monotonic()
        answers = await asyncio.gather(*(browser.http.get(url.removeprefix(API)) for url in callbacks))
        assert time.monotonic() - began < BOUND
        assert {answer.headers["location"].rpartition("#")[2] for answer in answers} == {f"error={AWAY}"}
        async with asyncio.timeout(BOUND):
            while server.open:
                await asyncio.sleep(0.01)
        server.manner = ""
        assert await shop.browser().sign_in()


async def test_who_is_called_off_keeps_no_connection_and_no_place(server: RoughServer):
    """At any moment: while they wait for a place, while they connect, while the answer is on its way."""
    server.provider, wire = StrictProvider(), OidcWire()
    server.place, server.manner = "jwks", "never_answers"
    for turns in range(80):
        calls = [asyncio.create_task(wire.get(f"{server.url}/{path}")) for path in ("jwks", "somewhere")]
        for _ in range(turns):
            await asyncio.sleep(0)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
    async with asyncio.timeout(BOUND):
        while server.open:
            await asyncio.sleep(0.01)
        await asyncio.gather(*(wire.get(f"{server.url}/somewhere") for _ in range(60)))


async def test_slow_answers_in_a_row_are_bounded_together(server: RoughServer):
    """Each of them would be in time."""
    server.place, server.manner = "", "dawdles"
    async with opened(server, read=3, whole=3, patience=0.7) as shop:
        assert await came_back(shop) == AWAY
        assert await identities(shop) == []
    async with opened(server, read=3, whole=3) as shop:
        assert await came_back(shop) == ""


async def test_the_proxy_of_the_environment_is_the_way_out(server: RoughServer, monkeypatch: pytest.MonkeyPatch):
    server.provider = StrictProvider()
    there = "http://127.0.0.2:1/jwks"
    monkeypatch.setenv("HTTP_PROXY", server.url)
    await OidcWire().get(there)
    assert server.asked == [there]
    monkeypatch.setenv("NO_PROXY", "127.0.0.2")
    with pytest.raises(ProviderAway):
        await OidcWire().get(there)
    assert server.asked == [there]


@pytest.mark.parametrize(
    "proxy", ["socks5://shop:hush@127.0.0.1:1", "ftp://shop:hush@127.0.0.1", "http://shop:hush@:x"]
)
async def test_a_proxy_that_cannot_be_used_is_told_without_its_password(proxy: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(ProviderAway, match="names no proxy") as told:
        await OidcWire().get("http://127.0.0.2:1/jwks")
    assert "hush" not in str(told.value)
