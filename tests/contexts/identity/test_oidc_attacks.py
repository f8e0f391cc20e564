"""Whoever stands between the browser, the shop and the provider, and accounts that were prepared for somebody else."""

from datetime import timedelta

from merx.contexts.identity.adapters.oidc.browser import BrowserSecrets
from tests.contexts.identity.conftest import PASSWORD, bearer, signed_in
from tests.contexts.identity.factors import refusal, with_passkey
from tests.contexts.identity.journeys import NEW_PASSWORD, RESET, account, asked, register, reset
from tests.contexts.identity.oidc_journeys import API, EVE, INTERRUPTED, Browser, OidcShop, identities, query_of
from tests.contexts.identity.test_audit import trail
from tests.support import authenticator
from tests.support.oidc.provider import CLIENT_SECRET


class TestState:
    async def test_s22_a_sign_in_of_somebody_else_does_not_get_into_this_browser(self):
        """Login CSRF: the attacker's own callback address, visited by the victim."""
        shop = OidcShop()
        attacker, victim = shop.browser(), shop.browser()
        shop.provider.person = EVE
        callback = await attacker.visit_provider(await attacker.leave())
        assert await victim.come_back(callback) == INTERRUPTED
        await victim.leave()
        assert await victim.come_back(callback) == INTERRUPTED
        # And a code of the attacker is of no use there, either.
        found = await attacker.come_back(callback)
        assert (await victim.collect(found)).status_code == 400

    async def test_s22_a_browser_is_known_by_the_whole_name_of_its_cookie_alone(self):
        """A neighbouring domain may set what only looks like `__Host-…`: the attacker's own secret, for the victim."""
        secrets = BrowserSecrets(https=True)
        planted = "A" * 43
        name = "__Host-merx-browser"
        assert secrets.given(f"a=b; {name}={planted}\t; c=d") == planted
        for space in ("\x85", "\xa0", "\x0b", "\x0c", "\x1c", "\u2003"):
            for header in (f"{space}{name}={planted}", f"{name}{space}={planted}", f"a=b;{space}{name}={planted}"):
                assert secrets.given(header) is None, header

    async def test_a_state_is_good_once_and_for_ten_minutes(self):
        shop = OidcShop()
        browser = shop.browser()
        callback = await browser.visit_provider(await browser.leave())
        assert "code" in await browser.come_back(callback)
        assert await browser.come_back(callback) == INTERRUPTED
        late = await browser.visit_provider(await browser.leave())
        shop.clock.advance(timedelta(minutes=10))
        assert await browser.come_back(late) == INTERRUPTED

    async def test_a_state_that_was_used_for_nothing_is_used(self):
        shop = OidcShop()
        browser = shop.browser()
        shop.provider.trouble = "declined"
        declined = await browser.visit_provider(await browser.leave())
        assert await browser.come_back(declined) == {"error": "identity.sign-in-declined"}
        shop.provider.trouble = ""
        again = declined.replace("error=access_denied", "code=x")
        assert await browser.come_back(again) == INTERRUPTED

    async def test_s32_nothing_of_the_providers_text_is_repeated(self):
        shop = OidcShop()
        browser = shop.browser()
        shop.provider.trouble = "declined"
        callback = await browser.visit_provider(await browser.leave())
        answer = await browser.http.get(callback.partition("/api/v1")[2])
        assert "script" not in answer.headers["location"] + answer.text

    async def test_answers_of_one_provider_are_refused_where_another_is_expected(self):
        """Mix-up (RFC 9700 §4.4): the state was made for another provider."""
        shop = OidcShop()
        browser = shop.browser()
        callback = await browser.visit_provider(await browser.leave("login"))
        assert await browser.come_back(callback.replace("/login/", "/forum/")) == INTERRUPTED
        assert "/token" not in shop.provider.requests

    async def test_forged_states_are_refused(self):
        browser = OidcShop().browser()
        state = query_of(await browser.leave())["state"]
        flipped = state[:20] + ("A" if state[20] != "A" else "B") + state[21:]
        for text in ("", "x", flipped, state[:-1], state + "A", "A" * 2048, "%", state.upper()):
            answer = await browser.http.get("/auth/oidc/login/callback", params={"state": text, "code": "x"})
            assert answer.headers["location"].endswith("#error=identity.sign-in-interrupted"), text
        answer = await browser.http.get("/auth/oidc/login/callback", params={"state": "A" * 2049, "code": "x"})
        assert answer.status_code == 400

    async def test_two_values_of_one_parameter_are_refused(self):
        browser = OidcShop().browser()
        callback = await browser.visit_provider(await browser.leave())
        for more in ("&code=x", "&state=x", "&iss=x"):
            assert (await browser.http.get(callback.partition("/api/v1")[2] + more)).status_code == 400
        # What providers add of their own is ignored.
        found = await browser.come_back(callback + "&session_state=1&scope=openid&scope=email&authuser=0")
        assert "code" in found


class TestPrepared:
    """Accounts made with the address of somebody else, before she comes."""

    async def test_s06_an_account_that_nobody_proved_is_not_found_and_cannot_link(self):
        shop = OidcShop()
        await register(shop, "ada@example.com")
        attacker = shop.browser()
        tokens = await signed_in(attacker.http, "ada@example.com")
        # The attacker leaves no way in behind for later.
        refused = await attacker.link(tokens, password=PASSWORD)
        assert (refused.status_code, refused.json()["slug"]) == (409, "identity.verify-email-first")
        # The owner comes through a provider that is trusted, and does not get into what the attacker began.
        victim = shop.browser()
        assert await victim.go() == {"error": "identity.link-first"}
        assert await identities(shop) == []
        assert (await account(shop, "ada@example.com")).email_verified_at is None

    async def test_s06_nobody_leaves_a_passkey_or_an_app_behind_for_the_owner_of_the_mailbox(self):
        shop = OidcShop()
        await register(shop, "ada@example.com")
        attacker = shop.browser()
        tokens = await signed_in(attacker.http, "ada@example.com")
        for path in ("/auth/passkeys/registration", "/auth/mfa/totp"):
            assert await refusal(attacker.http, path, None, tokens) == (409, "identity.verify-email-first"), path
        # Not with a challenge from elsewhere, either: the door itself looks.
        held = await account(shop, "ada@example.com")
        challenge = shop.container.second_factors.challenges().issue("register", held.id, shop.clock.now())
        options = {"challenge": authenticator.text(challenge), "rp": {"id": "localhost"}, "user": {"id": ""}}
        body = {"name": "later", "credential": authenticator.Device().create(options)}
        refused = await refusal(attacker.http, "/auth/passkeys", body, tokens)
        assert refused == (409, "identity.verify-email-first")
        # The owner takes the account over, and nothing stands between her and it.
        await reset(shop, await asked(shop, RESET, "ada@example.com"))
        hers = await signed_in(shop.browser().http, "ada@example.com", NEW_PASSWORD)
        assert "access_token" in hers
        await with_passkey(attacker.http, authenticator.Device(), hers)

    async def test_s06_whoever_proves_the_mailbox_ends_the_password_and_the_sessions_of_before(self):
        shop = OidcShop()
        await register(shop, "ada@example.com")
        attacker, owner = shop.browser(), shop.browser()
        stolen = await signed_in(attacker.http, "ada@example.com")
        await reset(shop, await asked(shop, RESET, "ada@example.com"))
        old = await attacker.http.post("/auth/login", json={"email": "ada@example.com", "password": PASSWORD})
        fresh = await attacker.http.post("/auth/refresh", json={"refresh_token": stolen["refresh_token"]})
        assert (old.status_code, fresh.status_code) == (401, 401)
        # Now the e-mail is hers, and the provider finds her account.
        tokens = await owner.sign_in()
        assert (
            shop.access_tokens.verify(tokens["access_token"]).account_id == (await account(shop, "ada@example.com")).id
        )

    async def test_the_other_way_round_a_password_for_an_account_that_a_provider_made(self):
        shop = OidcShop()
        await shop.browser().sign_in()
        made = await account(shop, "ada@example.com")
        # Whoever registers the address now gets the usual answer, and no way in.
        body = {"email": "ada@example.com", "password": PASSWORD, "name": "Eve"}
        assert (await shop.browser().http.post("/auth/register", json=body)).status_code == 202
        assert (await account(shop, "ada@example.com")).password_hash is None
        answer = await shop.browser().http.post("/auth/login", json={"email": "ada@example.com", "password": PASSWORD})
        assert (answer.status_code, answer.json()["slug"]) == (401, "identity.invalid-credentials")
        # Her own mailbox gives her a password besides.
        await reset(shop, await asked(shop, RESET, "ada@example.com"))
        await signed_in(shop.browser().http, "ada@example.com", NEW_PASSWORD)
        again = await shop.browser().sign_in()
        assert shop.access_tokens.verify(again["access_token"]).account_id == made.id

    async def test_an_email_that_its_owner_gave_up_finds_nobody(self):
        """Identities are found by subject; an address that moved on to somebody else opens nothing of before."""
        shop = OidcShop()
        await shop.browser().sign_in()
        async with shop.container.uow() as uow:
            held = await uow.accounts.by_email("ada@example.com")
            held.change_email("elsewhere@example.com", shop.clock.now())
            await uow.accounts.save(held)
            await uow.commit()
        shop.provider.person = {"sub": "ada-2", "email": "ada@example.com", "email_verified": True, "name": "Other Ada"}
        tokens = await shop.browser().sign_in()
        assert shop.access_tokens.verify(tokens["access_token"]).account_id != held.id


async def test_s26_no_code_state_token_or_secret_reaches_a_log(capfd):
    shop = OidcShop()
    browser = shop.browser()
    url = await browser.leave()
    callback = await browser.visit_provider(url)
    found = await browser.come_back(callback)
    tokens = (await browser.collect(found)).json()
    for trouble in ("wrong-nonce", "token html", "declined", "token 500"):
        shop.provider.trouble = trouble
        await browser.go()
    written = "".join(capfd.readouterr())
    assert "a sign-in through login failed" in written
    secrets = [
        *query_of(url).values(),
        *query_of(callback).values(),
        found["code"],
        tokens["access_token"],
        tokens["refresh_token"],
        CLIENT_SECRET,
        *shop.provider.access_tokens,
        *shop.provider.codes,
        *browser.http.cookies.values(),
        "ada@example.com",
        "ada-1",
    ]
    known = {"code", "merx shop", "openid email profile", "S256", shop.provider.issuer, *shop.provider.callbacks}
    shown = [text for text in secrets if text not in known and text in written]
    assert shown == []


async def test_every_sign_in_and_link_is_in_the_audit_trail():
    shop = OidcShop()
    browser = shop.browser()
    tokens = await browser.sign_in()
    shop.provider.person = EVE
    linked = (await browser.link(tokens, "forum")).json()
    await browser.http.delete(f"/auth/identities/{linked['id']}", headers=bearer(tokens))
    rows = list(shop.infra.store().table("audit.entry").values())
    assert [row.action for row in rows] == [
        "identity.registered-through-provider",
        "identity.identity-linked",
        "identity.signed-in",
        "identity.identity-link-begun",
        "identity.identity-linked",
        "identity.identity-unlinked",
    ]
    assert {row.client for row in rows} == {"192.0.2.7"}
    assert "ada@example.com" not in str(rows)
    assert "eve-1" not in str(rows)
    # What people are called is nowhere in what is never erased.
    assert shop.provider.person["name"] == "Eve"
    assert not any("Ada" in row.changes or "Eve" in row.changes for row in rows)


async def test_who_is_not_let_in_through_a_provider_is_in_the_trail():
    """By the provider and the reason; an old page and a person who changed her mind are no attack."""
    shop = OidcShop()
    await shop.browser().sign_in()
    await shop.close_account((await account(shop, "ada@example.com")).id)
    forged = Browser(shop)
    assert await forged.come_back(f"{API}/auth/oidc/login/callback?state=x&code=y") == INTERRUPTED
    assert await shop.browser().go() == {"error": "identity.account-closed"}
    shop.provider.person = EVE | {"email_verified": False}
    assert await shop.browser().go() == {"error": "identity.link-first"}
    declined = query_of(await forged.leave())["state"]
    answer = await forged.come_back(f"{API}/auth/oidc/login/callback?state={declined}&error=access_denied")
    assert answer == {"error": "identity.sign-in-declined"}
    rows = await trail(shop, "identity.provider-sign-in-refused")
    assert [(row.target, row.target_id, row.changes["reason"].after) for row in rows] == [
        ("sign-in-provider", "login", reason) for reason in ("identity.account-closed", "identity.link-first")
    ]
    assert "eve@example.com" not in str(rows)
