"""Everything that a provider, or whoever stands in between, can do wrong: nobody is signed in by it."""

import time

import pytest

from tests.contexts.identity.oidc_journeys import Browser, OidcShop, identities
from tests.support.oidc.id_tokens import CLAIMS, SIGNATURES
from tests.support.oidc.provider import StrictProvider

REFUSED, AWAY = "identity.provider-refused", "identity.provider-away"
# At the edge of what is right.
GOOD = {
    "just-expired",
    "just-future",
    "several-aud",
    "no-at-hash",
    "email-verified-as-text",
    "signed-with-rsa",
}
DOCUMENTS = {
    "document other-issuer": AWAY,
    "document issuer-with-slash": AWAY,
    "document plain-token-endpoint": AWAY,
    "document plain-keys": AWAY,
    "document script-page": AWAY,
    "document file-keys": AWAY,
    "document account-in-address": AWAY,
    "document none-allowed": REFUSED,
    "keys symmetric": REFUSED,
    "keys for-encryption": REFUSED,
    "keys of-another-algorithm": REFUSED,
    "keys short": REFUSED,
    "keys none": REFUSED,
    "keys nonsense": REFUSED,
}
_WIRE = ("500", "404", "html", "huge", "deep", "list", "empty", "redirect", "gzip", "slow", "drip")
WIRE = {f"{place} {what}": AWAY for place in ("openid-configuration", "jwks") for what in _WIRE} | {
    "token 500": AWAY,
    "token 429": AWAY,
    "token 404": REFUSED,
    "token html": REFUSED,
    "token huge": AWAY,
    "token deep": REFUSED,
    "token list": REFUSED,
    "token empty": REFUSED,
    "token redirect": REFUSED,
    "token gzip": AWAY,
    "token slow": AWAY,
    "token drip": AWAY,
    "token-of-another-kind": REFUSED,
    "no-id-token": REFUSED,
    "answers-as-another": REFUSED,
    "answers-without-iss": REFUSED,
    "declined": "identity.sign-in-declined",
}


async def outcome(browser: Browser) -> str:
    """The slug that the account page is led to, empty for a sign-in."""
    url = await browser.leave()
    if not url.startswith(browser.shop.provider.issuer):
        return url.rpartition("#error=")[2]
    found = await browser.come_back(await browser.visit_provider(url))
    return found.get("error", "")


async def failures(expected: dict[str, str]) -> list[str]:
    shop = OidcShop()
    browser, wrong = shop.browser(), []
    for number, (trouble, slug) in enumerate(expected.items()):
        shop.providers.forget()
        shop.provider.trouble = trouble
        shop.provider.person |= {"sub": f"ada-{number}", "email": f"ada-{number}@example.com"}
        before = len(await identities(shop))
        answered = await outcome(browser)
        if answered != slug:
            wrong.append(f"{trouble}: expected {slug or 'a sign-in'}, got {answered or 'a sign-in'}")
        if len(await identities(shop)) - before != (not slug):
            wrong.append(f"{trouble}: identities were {before}, are {await identities(shop)}")
    return wrong


async def test_s01_an_id_token_that_does_not_hold_signs_nobody_in():
    troubles = {**CLAIMS, **SIGNATURES}
    assert len(troubles) > 45
    assert await failures({name: "" if name in GOOD else REFUSED for name in troubles if " " not in name}) == []


async def test_what_is_published_is_not_believed_blindly():
    assert await failures(DOCUMENTS) == []


async def test_answers_that_are_none_take_no_time_and_no_memory():
    began = time.monotonic()
    assert await failures({name: slug for name, slug in WIRE.items() if not name.endswith(("slow", "drip"))}) == []
    assert await failures({"none": ""}) == []
    assert time.monotonic() - began < 5


async def test_answers_that_never_end_are_not_waited_for():
    assert await failures({"token drip": AWAY, "jwks slow": AWAY}) == []


async def test_no_redirect_is_followed():
    shop = OidcShop()
    for place in ("openid-configuration", "jwks", "token"):
        shop.providers.forget()
        shop.provider.trouble = f"{place} redirect"
        assert await outcome(shop.browser())
    assert "/elsewhere" not in shop.provider.requests


async def test_the_suites_provider_is_strict():
    """What it refuses is what a shop could get wrong; each of these would pass at a careless one."""
    shop = OidcShop()
    browser = shop.browser()
    url = await browser.leave()
    callback = await browser.visit_provider(url)
    assert "code=" in callback
    for change in [
        ("code_challenge_method=S256", "code_challenge_method=plain"),
        ("code_challenge=", "no_challenge="),
        ("response_type=code", "response_type=token"),
        ("scope=openid", "scope=profile"),
        ("nonce=", "no_nonce="),
    ]:
        assert change[0] in url
        assert "error=invalid_request" in await browser.visit_provider(url.replace(*change)), change
    for change in [
        ("redirect_uri=http", "redirect_uri=https"),
        ("%2Fcallback", "%2Fcallback%2F"),
        ("client_id=", "c="),
    ]:
        assert change[0] in url
        with pytest.raises(AssertionError):
            await browser.visit_provider(url.replace(*change))


async def test_the_suites_provider_takes_a_code_once_and_from_its_shop_alone():
    shop = OidcShop()
    browser = shop.browser()
    callback = await browser.visit_provider(await browser.leave())
    assert "code" in await browser.come_back(callback)
    provider: StrictProvider = shop.provider
    (code,) = provider.used
    asked = provider.codes[code]
    proof = {"authorization": "Basic bWVyeCtzaG9wOnMzY3IlMkJ0JTJGb2YlMjV0aGUrc2hvcCUzQTlRaw=="}
    body = f"grant_type=authorization_code&code={code}&redirect_uri={asked['redirect_uri']}&code_verifier=x"
    assert provider._token(proof, body)[2] == b'{"error":"invalid_grant"}'
    provider.used.clear()
    assert provider._token(proof, body)[2] == b'{"error":"invalid_grant"}'
    provider.used.clear()
    assert provider._token({"authorization": "Basic bWU6bWU="}, body)[2] == b'{"error":"invalid_client"}'
