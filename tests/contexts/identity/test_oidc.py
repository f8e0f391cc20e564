"""Signing in through a provider, from the first click to the tokens."""

import secrets
from datetime import timedelta

import pytest

from merx.contexts.identity.domain.provider_sign_in import challenge_of
from merx.contexts.identity.events import AccountRegistered, IdentityLinked, SignedIn
from merx.kernel.actor import ActorKind
from merx.kernel.rights import AS_HELD
from tests.contexts.identity.conftest import bearer
from tests.contexts.identity.factors import with_totp
from tests.contexts.identity.journeys import account
from tests.contexts.identity.oidc_journeys import API, OidcShop, identities, query_of


@pytest.fixture
def oidc() -> OidcShop:
    return OidcShop()


async def test_the_first_sign_in_makes_an_account_and_the_second_finds_it(oidc):
    browser = oidc.browser()
    found = await browser.go(return_to="/orders?page=2")
    assert found["return_to"] == "/orders?page=2"
    tokens = (await browser.collect(found)).json()
    actor = oidc.access_tokens.verify(tokens["access_token"])
    made = await account(oidc, "ada@example.com")
    assert (actor.kind, actor.account_id) == (ActorKind.customer, made.id)
    assert (made.name, made.email, made.password_hash) == ("Ada Lovelace", "ada@example.com", None)
    assert made.email_verified_at == oidc.clock.now()
    assert [type(event) for event in oidc.events] == [AccountRegistered, SignedIn]
    # Proved already: the mail asks for nothing.
    assert oidc.events[0].code_id is None
    oidc.provider.person |= {"email": "moved@example.com", "name": "Ada King"}
    again = await oidc.browser().sign_in()
    assert oidc.access_tokens.verify(again["access_token"]).account_id == made.id
    assert (await account(oidc, "ada@example.com")).name == "Ada Lovelace"
    (identity,) = await identities(oidc)
    assert (identity.provider, identity.subject, identity.used_at) == ("login", "ada-1", oidc.clock.now())


async def test_the_browser_leaves_with_everything_that_the_provider_needs(oidc):
    browser = oidc.browser()
    url = await browser.leave()
    asked = query_of(url)
    assert url.startswith("https://login.example/authorize?")
    assert asked["redirect_uri"] == f"{API}/auth/oidc/login/callback"
    assert (asked["response_type"], asked["scope"]) == ("code", "openid email profile")
    assert (asked["code_challenge_method"], len(asked["code_challenge"]), len(asked["nonce"])) == ("S256", 43, 43)
    other = query_of(await browser.leave())
    assert not {asked[name] for name in ("state", "nonce", "code_challenge")} & set(other.values())
    # Nothing is stored until a browser comes back.
    assert not oidc.infra.store().table("identity.provider_sign_in")


async def test_the_cookie_is_for_this_host_alone_where_the_shop_has_https(oidc):
    from merx.contexts.identity.container.through_providers import browser_secrets
    from merx.infra.settings import Settings

    there = browser_secrets(Settings(public_url="https://shop.example"))
    header = there.cookie("s" * 43).to_header(header="")
    assert header.startswith(f"__Host-merx-browser={'s' * 43};")
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax"} <= {part.strip() for part in header.split(";")}
    assert "Domain" not in header
    assert there.given(f"a=b; __Host-merx-browser={'s' * 43}") == "s" * 43
    for wrong in ("", "x" * 43, f"merx-browser={'s' * 43}", "__Host-merx-browser=short", "__Host-merx-browser="):
        assert there.given(wrong) is None
    # Two of one name: one of them was put there by somebody else.
    assert there.given(f"__Host-merx-browser={'s' * 43}; __Host-merx-browser={'t' * 43}") is None


async def test_two_tabs_sign_in_at_once(oidc):
    browser = oidc.browser()
    first = await browser.visit_provider(await browser.leave())
    second = await browser.visit_provider(await browser.leave())
    for callback in (first, second):
        found = await browser.come_back(callback)
        assert (await browser.collect(found)).status_code == 200


async def test_a_program_collects_with_its_verifier_and_without_the_cookie(oidc):
    verifier = secrets.token_urlsafe(48)
    system_browser, program = oidc.browser(), oidc.browser()
    found = await system_browser.go(challenge=challenge_of(verifier))
    # The browser itself is not enough.
    assert (await system_browser.collect(found)).status_code == 400
    assert (await program.collect(found, verifier=secrets.token_urlsafe(48))).status_code == 400
    assert (await program.collect(found, verifier=verifier)).status_code == 200
    assert (await program.collect(found, verifier=verifier)).status_code == 400


async def test_an_email_that_only_userinfo_has(oidc):
    oidc.provider.in_userinfo = True
    await oidc.browser().sign_in()
    assert (await account(oidc, "ada@example.com")).name == "Ada Lovelace"
    assert oidc.provider.requests.count("/userinfo") == 1
    oidc.provider.trouble = "speaks-of-another"
    assert await oidc.browser().go() == {"error": "identity.provider-refused"}


async def test_names_that_are_none(oidc):
    for number, (claims, name) in enumerate(
        [
            ({"name": None, "given_name": "Ada", "family_name": "King"}, "Ada King"),
            ({"name": "  "}, "n1"),
            ({"name": "a\nBcc: b@c.example"}, "n2"),
            ({"name": None}, "n3"),
            ({"name": "x" * 300}, "x" * 200),
        ]
    ):
        oidc.provider.person = {"sub": f"n{number}", "email": f"n{number}@example.com", "email_verified": True} | claims
        await oidc.browser().sign_in()
        assert (await account(oidc, f"n{number}@example.com")).name == name


async def test_keys_that_change_are_fetched_again_and_not_too_often(oidc):
    await oidc.browser().sign_in()
    asked = oidc.provider.requests.count("/jwks")
    oidc.provider.rotate()
    # At once after the keys were read a stranger's token cannot make us read them again.
    assert "error" in await oidc.browser().go()
    assert oidc.provider.requests.count("/jwks") == asked
    oidc.clock.advance(timedelta(seconds=31))
    await oidc.browser().sign_in()
    assert oidc.provider.requests.count("/jwks") == asked + 1
    assert oidc.provider.requests.count("/.well-known/openid-configuration") == 1
    oidc.clock.advance(timedelta(seconds=3601))
    await oidc.browser().sign_in()
    assert oidc.provider.requests.count("/jwks") == asked + 2
    assert oidc.provider.requests.count("/.well-known/openid-configuration") == 2


async def test_a_provider_that_is_away_is_not_asked_by_everybody(oidc):
    oidc.provider.trouble = "openid-configuration 500"
    for _ in range(5):
        assert (await oidc.browser().leave()).endswith("/account/sign-in#error=identity.provider-away")
    assert len(oidc.provider.requests) == 1
    oidc.provider.trouble = ""
    oidc.clock.advance(timedelta(seconds=6))
    await oidc.browser().sign_in()


async def test_the_list_of_providers_says_no_more_than_a_button_needs(oidc):
    answer = await oidc.browser().http.get("/auth/oidc")
    assert answer.json() == [
        {"name": "login", "title": "Login with Example", "kind": "customer"},
        {"name": "forum", "title": "forum", "kind": "customer"},
        {"name": "office", "title": "office", "kind": "staff"},
    ]
    for path in ("nobody/start", "nobody/callback?state=x", "LOGIN/start"):
        answer = await oidc.browser().http.get(f"/auth/oidc/{path}")
        assert (answer.status_code, answer.json()["slug"]) == (404, "identity.provider-not-found")


async def test_two_factors_at_the_provider_are_remembered(oidc):
    store = oidc.infra.store()
    for claims, expected in [
        ({}, False),
        ({"amr": ["pwd"]}, False),
        ({"amr": ["pwd", "kba"]}, False),
        ({"amr": ["pwd", "otp"]}, True),
        ({"amr": ["mfa"]}, True),
        ({"amr": ["hwk", "face"]}, True),
        ({"acr": "silver"}, False),
        ({"acr": "gold"}, True),
    ]:
        oidc.provider.person = {"sub": "sam", "email": "sam@example.com", "email_verified": True} | claims
        store.table("identity.provider_sign_in").clear()
        await oidc.browser().sign_in("office")
        (sign_in,) = store.table("identity.provider_sign_in").values()
        assert sign_in.multi_factor is expected, claims


class TestWhoseAccount:
    async def test_a_verified_email_of_a_trusted_provider_finds_the_account(self, oidc):
        owner = await oidc.customer("Ada@Example.com")
        oidc.events.clear()
        tokens = await oidc.browser().sign_in()
        assert oidc.access_tokens.verify(tokens["access_token"]).account_id == owner
        # The owner is told by mail.
        assert [type(event) for event in oidc.events] == [IdentityLinked, SignedIn]
        assert (oidc.events[0].provider, oidc.events[0].email) == ("Login with Example", "Ada@Example.com")

    async def test_s05_whoever_is_not_believed_learns_nothing(self, oidc):
        await oidc.customer("ada@example.com")
        answers = []
        for at, claims in [
            ("forum", {}),
            ("forum", {"email": "nobody@example.com"}),
            ("login", {"email_verified": False}),
            ("login", {"email_verified": False, "email": "nobody@example.com"}),
            ("login", {"email_verified": None}),
            ("login", {"email_verified": "yes"}),
            ("login", {"email": None}),
            ("login", {"email": "no address"}),
            ("login", {"email": "a@b.example\r\nBcc: c@d.example"}),
            ("login", {"email": "x" * 300 + "@example.com"}),
        ]:
            oidc.provider.person = {"sub": "eve", "email": "ada@example.com", "email_verified": True} | claims
            answers.append(await oidc.browser().go(at))
        assert answers == [{"error": "identity.link-first"}] * len(answers)
        assert await identities(oidc) == []
        assert await account(oidc, "nobody@example.com") is None

    async def test_staff_is_found_only_by_a_provider_for_staff(self, oidc):
        staff = await oidc.staff("ada@example.com")
        assert await oidc.browser().go("login") == {"error": "identity.link-first"}
        tokens = await oidc.browser().sign_in("office")
        actor = oidc.access_tokens.verify(tokens["access_token"])
        assert (actor.kind, actor.account_id, actor.permissions) == (ActorKind.staff, staff, {AS_HELD})

    async def test_a_provider_for_staff_makes_staff_without_rights_and_finds_no_customer(self, oidc):
        tokens = await oidc.browser().sign_in("office")
        actor = oidc.access_tokens.verify(tokens["access_token"])
        made = await account(oidc, "ada@example.com")
        assert (actor.kind, actor.account_id) == (ActorKind.staff, made.id)
        assert (made.permissions, made.role_ids) == ((), ())
        await oidc.customer("shopper@example.com")
        oidc.provider.person = {"sub": "s", "email": "shopper@example.com", "email_verified": True}
        assert await oidc.browser().go("office") == {"error": "identity.link-first"}

    async def test_a_closed_account_stays_closed(self, oidc):
        browser = oidc.browser()
        await browser.sign_in()
        await oidc.close_account((await account(oidc, "ada@example.com")).id)
        assert await oidc.browser().go() == {"error": "identity.account-closed"}
        oidc.provider.person = {"sub": "ada-2", "email": "ada@example.com", "email_verified": True}
        assert await oidc.browser().go() == {"error": "identity.link-first"}


class TestCollecting:
    async def test_s06_a_code_is_good_once_for_a_minute_and_in_its_browser(self, oidc):
        browser = oidc.browser()
        found = await browser.go()
        stranger = await oidc.browser().collect(found)
        assert (stranger.status_code, stranger.json()["slug"]) == (400, "identity.invalid-code")
        assert (await browser.collect(found)).status_code == 200
        assert (await browser.collect(found)).status_code == 400
        late = await browser.go()
        oidc.clock.advance(timedelta(seconds=60))
        assert (await browser.collect(late)).status_code == 400
        for forged in ("x", "mx_otc_" + "A" * 65, late["code"][:-1] + "A"):
            assert (await browser.collect({"code": forged})).status_code == 400

    async def test_s06_what_happens_meanwhile_makes_it_void(self, oidc):
        owner = await oidc.customer("ada@example.com")

        async def other_password(uow):
            held = await uow.accounts.get(owner)
            held.choose_password("h", oidc.clock.now())
            await uow.accounts.save(held)

        async def unlinked(uow):
            (identity,) = await uow.linked_identities.of_account(owner)
            await uow.linked_identities.remove(identity)

        for meanwhile in (other_password, unlinked):
            browser = oidc.browser()
            found = await browser.go()
            async with oidc.container.uow() as uow:
                await meanwhile(uow)
                await uow.commit()
            assert (await browser.collect(found)).status_code == 400, meanwhile.__name__
        browser = oidc.browser()
        found = await browser.go()
        await oidc.close_account(owner)
        assert (await browser.collect(found)).status_code == 400

    async def test_the_session_is_one_like_any_other(self, oidc):
        browser = oidc.browser()
        tokens = await browser.sign_in()
        sessions = await browser.http.get("/auth/sessions", headers=bearer(tokens))
        assert [each["current"] for each in sessions.json()] == [True]
        fresh = await browser.http.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
        assert fresh.status_code == 200


async def test_a_second_factor_is_asked_for_unless_the_provider_saw_two(oidc):
    browser = oidc.browser()
    tokens = await browser.sign_in()
    await with_totp(browser.http, oidc, tokens)
    found = await browser.go()
    answer = (await browser.collect(found)).json()
    assert "access_token" not in answer
    assert answer["methods"][0] == "totp"
    oidc.provider.person |= {"amr": ["pwd", "otp"]}
    assert await oidc.browser().sign_in()
