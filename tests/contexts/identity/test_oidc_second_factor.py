"""A sign-in that begins at a provider and takes the shop's own second factor: what is remembered of it."""

from datetime import timedelta

import pytest

from merx.contexts.identity.adapters.throttle import PAIR
from merx.contexts.identity.domain.one_time_code import MAX_ATTEMPTS
from merx.contexts.identity.events import SecondFactorGuessed, SignedIn
from merx.infra.settings import Settings
from tests.contexts.identity.conftest import PASSWORD, bearer, signed_in
from tests.contexts.identity.factors import answer, code, post, refusal, with_passkey, with_totp
from tests.contexts.identity.oidc_journeys import Browser, OidcShop
from tests.support.authenticator import Device

EMAIL = "ada@example.com"
STEP = timedelta(seconds=30)
LONG = timedelta(seconds=Settings().step_up_seconds)


@pytest.fixture
def shop() -> OidcShop:
    return OidcShop()


@pytest.fixture
def browser(shop: OidcShop) -> Browser:
    return shop.browser()


async def asked(browser: Browser):
    """The question that follows on the way through the provider."""
    return (await browser.collect(await browser.go())).json()


async def test_s22_the_session_knows_the_provider_and_the_factor_and_no_password(shop: OidcShop, browser: Browser):
    tokens = await browser.sign_in()
    secret, recovery = await with_totp(browser.http, shop, tokens)
    device = Device()
    await with_passkey(browser.http, device, tokens)
    shop.clock.advance(STEP)
    found, expected = {}, {}
    for factor in ("totp", "recovery_code", "passkey"):
        shop.events.clear()
        question = await asked(browser)
        shown = {
            "totp": lambda: code(secret, shop),
            "recovery_code": lambda: recovery[0],
            "passkey": lambda question=question: device.get(question["passkey"]),
        }[factor]()
        tokens = await answer(browser.http, question, **{factor: shown})
        renewed = await post(browser.http, "/auth/refresh", {"refresh_token": tokens["refresh_token"]})
        sessions = (await browser.http.get("/auth/sessions", headers=bearer(renewed))).json()
        (event,) = [each for each in shop.events if isinstance(each, SignedIn)]
        rows = list(shop.infra.store().table("audit.entry").values())
        begun, done = (
            [row for row in rows if row.action == f"identity.{name}"][-1].changes
            for name in ("second-factor-asked", "signed-in")
        )
        found[factor] = (
            event.methods,
            shop.access_tokens.verify(tokens["access_token"]).proof.methods,
            shop.access_tokens.verify(renewed["access_token"]).proof.methods,
            next(tuple(each["methods"]) for each in sessions if each["current"]),
            "password" in f"{begun} {done}",
            "oidc" in f"{begun}" and "oidc" in f"{done}",
        )
        expected[factor] = (*[("oidc", factor)] * 4, False, True)
    assert found == expected


async def test_a_question_of_the_version_before_claims_nothing(shop: OidcShop, browser: Browser):
    """It was stored without what came first."""
    secret, _ = await with_totp(browser.http, shop, await browser.sign_in())
    shop.clock.advance(STEP)
    question = await asked(browser)
    for row in shop.infra.store().table("identity.one_time_code").values():
        row.methods = ()
    tokens = await answer(browser.http, question, totp=code(secret, shop))
    proof = shop.access_tokens.verify(tokens["access_token"]).proof
    assert (proof.methods, proof.level) == (("totp",), "full")


async def test_s04_a_sign_in_through_a_provider_takes_nothing_back_from_guessed_passwords(
    shop: OidcShop, browser: Browser
):
    await shop.customer(EMAIL)
    secret, _ = await with_totp(browser.http, shop, await signed_in(browser.http, EMAIL))
    shop.clock.advance(STEP)
    wrong = {"email": EMAIL, "password": "a wrong password"}
    found = [await refusal(browser.http, "/auth/login", wrong) for _ in range(PAIR.free + 2)]
    assert [status for status, _ in found] == [401] * (PAIR.free + 1) + [429]
    await answer(browser.http, await asked(browser), totp=code(secret, shop))
    assert (await refusal(browser.http, "/auth/login", wrong))[0] == 429


async def test_s04_the_owner_hears_that_somebody_gets_in_at_the_provider(shop: OidcShop, browser: Browser):
    secret, _ = await with_totp(browser.http, shop, await browser.sign_in())
    shop.clock.advance(STEP)
    wrong = {"mfa_token": (await asked(browser))["mfa_token"], "totp": code(secret, shop, 7)}
    found = [await refusal(browser.http, "/auth/mfa/challenge", wrong) for _ in range(MAX_ATTEMPTS + 1)]
    assert found[-1] == (401, "identity.invalid-mfa-token")
    (event,) = [each for each in shop.events if isinstance(each, SecondFactorGuessed)]
    assert (event.methods, event.email) == (("oidc",), EMAIL)


async def test_s06_an_identity_that_is_unlinked_meanwhile_opens_nothing_more(shop: OidcShop, browser: Browser):
    await shop.customer(EMAIL)
    owner = await signed_in(browser.http, EMAIL)
    secret, _ = await with_totp(browser.http, shop, owner)
    shop.clock.advance(STEP)
    question = await asked(browser)
    (linked,) = (await browser.http.get("/auth/identities", headers=bearer(owner))).json()
    gone = await browser.http.delete(f"/auth/identities/{linked['id']}", headers=bearer(owner))
    assert gone.status_code == 204
    body = {"mfa_token": question["mfa_token"], "totp": code(secret, shop)}
    assert await refusal(browser.http, "/auth/mfa/challenge", body) == (401, "identity.invalid-mfa-token")


class TestLinkingNeedsAProof:
    """One more way in: not with a computer left open."""

    async def test_s35_without_a_password_a_sign_in_of_a_moment_ago(self, shop: OidcShop, browser: Browser):
        tokens = await browser.sign_in()
        shop.provider.person = shop.provider.person | {"sub": "eve-1"}
        shop.clock.advance(LONG)
        left_open = await post(browser.http, "/auth/refresh", {"refresh_token": tokens["refresh_token"]})
        refused = await browser.link(left_open)
        assert (refused.status_code, refused.json()["slug"]) == (401, "auth.step-up-needed")
        assert "insufficient_user_authentication" in refused.headers["www-authenticate"]
        shop.provider.person = shop.provider.person | {"sub": "ada-1"}
        fresh = await browser.sign_in()
        shop.provider.person = shop.provider.person | {"sub": "eve-1"}
        assert (await browser.link(fresh)).status_code == 200

    async def test_s35_the_password_alone_is_not_enough_where_there_is_a_second_factor(
        self, shop: OidcShop, browser: Browser
    ):
        await shop.customer(EMAIL)
        tokens = await signed_in(browser.http, EMAIL)
        secret, _ = await with_totp(browser.http, shop, tokens)
        shop.clock.advance(LONG)
        old = await post(browser.http, "/auth/refresh", {"refresh_token": tokens["refresh_token"]})
        refused = await browser.link(old, password=PASSWORD)
        assert (refused.status_code, refused.json()["slug"]) == (401, "auth.step-up-needed")
        fresh = await post(browser.http, "/auth/step-up", {"totp": code(secret, shop)}, old)
        assert (await browser.link(fresh, password=PASSWORD)).status_code == 200
