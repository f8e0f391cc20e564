"""S32: nobody is led away from the shop, whatever an address or a parameter says."""

import pytest

from merx.contexts.identity.domain.provider_errors import UnsafeReturn
from merx.contexts.identity.domain.return_path import MAX_LENGTH, safe_return_path
from tests.contexts.identity.oidc_journeys import OidcShop

EVIL = (
    "//evil.example",
    "///evil.example",
    "////evil.example/%2f..",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\\/evil.example",
    "https:evil.example",
    "https://evil.example",
    "HTTPS://evil.example/",
    "http:///evil.example",
    "https:\\\\evil.example",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "//evil.example@shop.example",
    "https://shop.example@evil.example",
    "//shop.example:pw@evil.example/",
    "shop.example.evil.example",
    "evil.example",
    "",
    ".",
    "/orders/../..//evil.example",
    "/./orders",
    "/%2e%2e/orders",
    "/%2f/evil.example",
    "/%2fevil.example",
    "/%5cevil.example",
    "/%255cevil.example",
    "/%252fevil.example",
    "/%09/evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/ /evil.example",
    "/\r\nLocation: https://evil.example",
    "/%0d%0aLocation:%20https://evil.example",
    "/orders?x=%0d%0aSet-Cookie:%20a=b",
    "/orders#%0aevil",
    "/%00//evil.example",
    "/%7f",
    "/%",
    "/%zz",
    "/%c0%af%c0%afevil.example",
    "/\u2215evil.example",
    "/\uff0f\uff0fevil.example",
    "/\u3002evil",
    "//[::1]/",
    "/" + "a" * MAX_LENGTH,
)
GOOD = (
    "/",
    "/orders",
    "/orders?page=2&sort=-placed_at",
    "/orders#latest",
    "/p/lamp-1_2~x",
    "/search?q=red%20shoe",
    "/search?next=https://evil.example/",
    "/a@b:c;d,e=f+g*h!i$j'(k)",
    "/%E2%98%83",
)


def test_s32_the_corpus_is_refused_and_paths_of_the_shop_are_not():
    assert len(EVIL) >= 30
    passed = []
    for text in EVIL:
        try:
            passed.append(safe_return_path(text))
        except UnsafeReturn:
            continue
    assert passed == []
    assert [safe_return_path(text) for text in GOOD] == list(GOOD)


@pytest.mark.parametrize("at", ["login", "nobody"])
async def test_s32_no_answer_of_the_start_leads_to_a_place_of_the_callers_choice(at):
    browser = OidcShop().browser()
    for text in (each for each in EVIL if each.isascii() or at == "login"):
        answer = await browser.http.get(f"/auth/oidc/{at}/start", params={"return_to": text})
        assert answer.status_code in ((400,) if at == "login" else (400, 404)), (text, answer.status_code)
        assert "location" not in answer.headers
        assert "evil" not in answer.text


async def test_s32_the_callback_leads_to_the_account_page_whatever_it_is_given():
    shop = OidcShop()
    browser = shop.browser()
    for text in EVIL:
        for name in ("state", "code", "error", "iss", "return_to", "next", "redirect_uri", "error_description"):
            answer = await browser.http.get("/auth/oidc/login/callback", params={name: text})
            # NUL, line breaks in escapes and the like are refused before any route sees them.
            if answer.status_code != 400:
                assert answer.headers["location"] == (
                    "http://localhost:8000/account/sign-in#error=identity.sign-in-interrupted"
                ), (name, text)


async def test_s32_the_host_of_a_request_leads_nowhere():
    shop = OidcShop()
    browser = shop.browser()
    hosts = {"host": "localhost", "x-forwarded-host": "evil.example", "forwarded": "host=evil.example"}
    answer = await browser.http.get("/auth/oidc/login/start", headers=hosts)
    assert "evil" not in answer.headers["location"]
    assert "redirect_uri=http%3A%2F%2Flocalhost%3A8000%2Fapi%2Fv1" in answer.headers["location"]
