"""S04: leaving for a provider and coming back are counted like signing in, though browsers do it by GET."""

from itertools import count

import httpx

from merx.infra.settings import Settings
from tests.contexts.identity.conftest import Source
from tests.contexts.identity.oidc_journeys import OidcShop
from tests.support.stage import staged

FEW = Settings(storage="memory", rate_limits="on", limit_login=2, limit_browse=50, limit_address_factor=2)
ALLOWED = 2 * 2
START, CALLBACK = "/auth/oidc/login/start", "/auth/oidc/login/callback?state=x&code=x"
# The application is shared with other tests of this process, and so are its counts.
_addresses = count(1)


def caller() -> httpx.AsyncClient:
    transport = httpx.ASGITransport(staged(FEW, Source(OidcShop())), client=(f"198.51.100.{next(_addresses)}", 1))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost/api/v1")


async def statuses(http: httpx.AsyncClient, path: str, times: int = ALLOWED + 3) -> list[int]:
    return [(await http.get(path)).status_code for _ in range(times)]


async def test_s04_both_ways_of_a_browser_are_limited_by_address():
    for path in (START, CALLBACK, f"{START}/", START.replace("/oidc", "//oidc"), CALLBACK.replace("/oidc", "//oidc")):
        assert await statuses(caller(), path) == [302] * ALLOWED + [429] * 3, path
    # Nor does a browser of another address pay for it.
    assert await statuses(caller(), START, 1) == [302]


async def test_s04_they_share_what_signing_in_has():
    http = caller()
    assert await statuses(http, START, 2) + await statuses(http, CALLBACK, 2) == [302] * 4
    body = {"email": "ada@example.com", "password": "a wrong password"}
    refused = [await http.get(START), await http.get(CALLBACK), await http.post("/auth/login", json=body)]
    for answer in refused:
        assert (answer.status_code, answer.headers["content-type"]) == (429, "application/problem+json")
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.headers["ratelimit-limit"] == str(ALLOWED)
    # The list of buttons is browsing.
    assert await statuses(http, "/auth/oidc", 10) == [200] * 10


async def test_s04_an_unknown_provider_is_not_asked_for_without_end():
    http = caller()
    found = await statuses(http, "/auth/oidc/nobody/start")
    assert found == [404] * ALLOWED + [429] * 3
