"""A provider becomes one more way into an account, and stops being one."""

from datetime import timedelta

from tests.contexts.identity.conftest import PASSWORD, bearer, signed_in
from tests.contexts.identity.factors import code, post, with_totp
from tests.contexts.identity.oidc_journeys import EVE, INTERRUPTED, Browser, OidcShop, identities


class TestLinking:
    async def linked(self, shop: OidcShop, email: str = "ada@example.com") -> tuple[Browser, dict[str, str]]:
        browser = shop.browser()
        await shop.customer(email)
        return browser, await signed_in(browser.http, email)

    async def test_link_list_and_unlink(self):
        shop = OidcShop()
        browser, tokens = await self.linked(shop)
        shop.provider.person = EVE
        answer = await browser.link(tokens, "forum", password=PASSWORD)
        assert (answer.status_code, answer.json()["provider"]) == (200, "forum")
        assert answer.json()["email"] == "eve@example.com"
        mailed = [type(event).__name__ for event in shop.events]
        assert mailed[-1] == "IdentityLinked"
        # Now it is a way in, from a provider that is not believed about anything else.
        assert await shop.browser().sign_in("forum")
        listed = (await browser.http.get("/auth/identities", headers=bearer(tokens))).json()
        assert [each["id"] for each in listed] == [answer.json()["id"]]
        gone = await browser.http.delete(f"/auth/identities/{listed[0]['id']}", headers=bearer(tokens))
        assert gone.status_code == 204
        assert type(shop.events[-1]).__name__ == "IdentityUnlinked"
        assert (await browser.http.get("/auth/identities", headers=bearer(tokens))).json() == []
        assert await shop.browser().go("forum") == {"error": "identity.link-first"}
        again = await browser.http.delete(f"/auth/identities/{listed[0]['id']}", headers=bearer(tokens))
        assert (again.status_code, again.json()["slug"]) == (404, "identity.identity-not-found")

    async def test_it_needs_the_password(self):
        browser, tokens = await self.linked(OidcShop())
        for body, slug in [({}, "identity.password-needed"), ({"password": "wrong"}, "identity.wrong-password")]:
            answer = await browser.link(tokens, **body)
            assert (answer.status_code, answer.json()["slug"]) == (422, slug)

    async def test_s35_with_a_second_factor_the_password_alone_links_nothing(self):
        """Or the second factor of the account would be that of whoever owns the identity."""
        shop = OidcShop()
        browser, tokens = await self.linked(shop)
        secret, _ = await with_totp(browser.http, shop, await signed_in(browser.http, "ada@example.com"))
        # The sign-in is from before the factor was there.
        old = await post(browser.http, "/auth/refresh", {"refresh_token": tokens["refresh_token"]})
        answer = await browser.link(old, password=PASSWORD)
        assert (answer.status_code, answer.json()["slug"]) == (401, "auth.step-up-needed")
        shop.clock.advance(timedelta(seconds=30))
        proved = await post(browser.http, "/auth/step-up", {"totp": code(secret, shop)}, old)
        assert (await browser.link(proved, password=PASSWORD)).status_code == 200

    async def test_s35_without_a_password_an_old_sign_in_links_nothing(self):
        shop = OidcShop()
        browser = shop.browser()
        tokens = await browser.sign_in()
        shop.clock.advance(timedelta(seconds=601))
        old = await post(browser.http, "/auth/refresh", {"refresh_token": tokens["refresh_token"]})
        shop.provider.person = EVE
        answer = await browser.link(old, "forum")
        assert (answer.status_code, answer.json()["slug"]) == (401, "auth.step-up-needed")
        assert [each.subject for each in await identities(shop)] == ["ada-1"]

    async def test_the_last_way_in_stays(self):
        shop = OidcShop()
        browser = shop.browser()
        tokens = await browser.sign_in()
        (first,) = (await browser.http.get("/auth/identities", headers=bearer(tokens))).json()
        path = f"/auth/identities/{first['id']}"
        answer = await browser.http.delete(path, headers=bearer(tokens))
        assert (answer.status_code, answer.json()["slug"]) == (409, "identity.last-way-in")
        # An account without a password has none to show.
        shop.provider.person = EVE
        assert (await browser.link(tokens, "forum")).status_code == 200
        assert (await browser.http.delete(path, headers=bearer(tokens))).status_code == 204

    async def test_nobody_links_an_identity_to_the_account_of_somebody_else(self):
        """The attacker sends the victim to an address that links the victim's identity to the attacker's account."""
        shop = OidcShop()
        attacker, tokens = await self.linked(shop, "eve@example.com")
        victim, own = await self.linked(shop, "ada@example.com")
        started = await attacker.http.post("/auth/oidc/login/link", json={"password": PASSWORD}, headers=bearer(tokens))
        callback = await victim.visit_provider(started.json()["url"])
        assert await victim.come_back(callback) == INTERRUPTED
        # Nor with a code that the attacker got by herself: it is for the account that began.
        found = await attacker.come_back(callback)
        for browser, who in ((victim, own), (attacker, own), (victim, tokens)):
            answer = await browser.http.post("/auth/identities", json={"code": found["link"]}, headers=bearer(who))
            assert (answer.status_code, answer.json()["slug"]) == (400, "identity.invalid-code")
        # A code of one purpose is none of the other.
        assert (await attacker.collect({"code": found["link"]})).status_code == 400
        assert await identities(shop) == []

    async def test_an_identity_belongs_to_one_account(self):
        shop = OidcShop()
        await shop.browser().sign_in()
        browser, tokens = await self.linked(shop, "eve@example.com")
        answer = await browser.link(tokens, password=PASSWORD)
        assert (answer.status_code, answer.json()["slug"]) == (409, "identity.identity-taken")

    async def test_a_provider_for_staff_is_not_for_customers_and_others_are_for_staff(self):
        shop = OidcShop()
        browser, tokens = await self.linked(shop)
        answer = await browser.link(tokens, "office", password=PASSWORD)
        assert (answer.status_code, answer.json()["slug"]) == (409, "identity.staff-provider")
        await shop.staff("sam@example.com")
        at_work = await signed_in(browser.http, "sam@example.com")
        shop.provider.person = EVE
        assert (await browser.link(at_work, "forum", password=PASSWORD)).status_code == 200
        tokens = await shop.browser().sign_in("forum")
        assert shop.access_tokens.verify(tokens["access_token"]).is_staff

    async def test_an_account_has_a_bounded_number_of_them(self):
        shop = OidcShop()
        browser = shop.browser()
        tokens = await browser.sign_in()
        answers = []
        for number in range(10):
            shop.provider.person = EVE | {"sub": f"eve-{number}"}
            answers.append(await browser.link(tokens, "forum"))
        assert [answer.status_code for answer in answers] == [200] * 9 + [409]
        assert answers[-1].json()["slug"] == "identity.too-many-identities"
