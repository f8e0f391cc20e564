"""An owner does not lock herself out: the last way in stays, and the answer says what to do first."""

import asyncio
from datetime import timedelta

import pytest
from dependency_injector import providers

from merx.contexts.identity.adapters.oidc.providers import OidcProviders
from merx.contexts.identity.adapters.postgres import PostgresAccounts, PostgresIdentityUow
from merx.contexts.identity.adapters.postgres_passkeys import PostgresPasskeys
from merx.contexts.identity.domain.account import AccountKind
from merx.contexts.identity.domain.linked_identity import LinkedIdentity
from merx.contexts.identity.domain.provider_errors import LastWayIn
from merx.infra.settings_oidc import OidcProvider
from tests.contexts.identity.conftest import bearer, signed_in
from tests.contexts.identity.factors import answer, post, with_passkey
from tests.contexts.identity.journeys import NEW_PASSWORD, RESET, account, asked, reset
from tests.contexts.identity.oidc_journeys import Browser, OidcShop, on_postgres
from tests.support.authenticator import Device

EMAIL = "ada@example.com"
LAST = (409, "identity.last-way-in")


@pytest.fixture
def shop() -> OidcShop:
    return OidcShop()


async def without_a_password(browser: Browser, device: Device):
    """An account that a provider made, with a passkey besides: its tokens, and the paths of its two ways in."""
    tokens = await browser.sign_in()
    passkey = (await with_passkey(browser.http, device, tokens))["passkey"]["id"]
    (identity,) = (await browser.http.get("/auth/identities", headers=bearer(tokens))).json()
    # As good as the account can show now.
    tokens = await post(browser.http, "/auth/refresh", {"refresh_token": tokens["refresh_token"]})
    return tokens, f"/auth/passkeys/{passkey}", f"/auth/identities/{identity['id']}"


async def removed(browser: Browser, path: str, tokens) -> tuple[int, str]:
    gone = await browser.http.delete(path, headers=bearer(tokens))
    return gone.status_code, gone.json()["slug"] if gone.content else ""


async def by_passkey(browser: Browser, device: Device):
    options = await post(browser.http, "/auth/passkeys/options")
    return await post(browser.http, "/auth/passkeys/login", {"credential": device.get(options)})


async def test_the_last_passkey_stays_where_there_is_nothing_else(shop: OidcShop):
    browser, device = shop.browser(), Device()
    tokens, passkey, identity = await without_a_password(browser, device)
    assert await removed(browser, identity, tokens) == (204, "")
    refused = await browser.http.delete(passkey, headers=bearer(tokens))
    assert (refused.status_code, refused.json()["slug"]) == LAST
    assert "Choose a password first" in refused.json()["detail"]
    # Nothing of it went: the passkey opens, and its recovery codes are there.
    tokens = await by_passkey(browser, device)
    held = (await browser.http.get("/auth/mfa", headers=bearer(tokens))).json()
    assert (held["passkeys"], held["recovery_codes_left"]) == (1, 10)
    # What the answer says helps.
    await reset(shop, await asked(shop, RESET, EMAIL))
    question = await post(browser.http, "/auth/login", {"email": EMAIL, "password": NEW_PASSWORD})
    tokens = await answer(browser.http, question, passkey=device.get(question["passkey"]))
    assert await removed(browser, passkey, tokens) == (204, "")
    assert await signed_in(browser.http, EMAIL, NEW_PASSWORD)


async def test_the_last_identity_stays_once_the_passkey_is_gone(shop: OidcShop):
    browser = shop.browser()
    tokens, passkey, identity = await without_a_password(browser, Device())
    assert await removed(browser, passkey, tokens) == (204, "")
    assert await removed(browser, identity, tokens) == LAST
    assert await shop.browser().sign_in()


async def test_one_of_two_passkeys_may_go(shop: OidcShop):
    browser, device = shop.browser(), Device()
    tokens, first, identity = await without_a_password(browser, Device())
    await with_passkey(browser.http, device, tokens, "phone")
    assert await removed(browser, identity, tokens) == (204, "")
    assert await removed(browser, first, tokens) == (204, "")
    assert await by_passkey(browser, device)


async def test_an_identity_that_lets_nobody_in_is_no_way_in(shop: OidcShop):
    """Its provider is not configured any more."""
    browser = shop.browser()
    tokens, passkey, identity = await without_a_password(browser, Device())
    gone = LinkedIdentity.link(
        (await account(shop, EMAIL)).id,
        provider="gone",
        issuer="https://gone.example",
        subject="ada",
        email=None,
        now=shop.clock.now(),
    )
    async with shop.container.uow() as uow:
        await uow.linked_identities.add(gone)
        await uow.commit()
    assert await removed(browser, identity, tokens) == (204, "")
    assert await removed(browser, passkey, tokens) == LAST
    assert await removed(browser, f"/auth/identities/{gone.id}", tokens) == (204, "")


async def test_whoever_has_no_password_is_told_so_and_how_to_get_one(shop: OidcShop):
    """Her own: a wrong password is something else, and she would try for ever."""
    browser = shop.browser()
    tokens = await browser.sign_in()
    for path, body in (
        ("/auth/password/change", {"present_password": "what was it", "new_password": NEW_PASSWORD}),
        ("/auth/email/change", {"email": "next@example.com", "password": "what was it"}),
        ("/auth/step-up", {"password": "what was it"}),
    ):
        refused = await browser.http.post(path, json=body, headers=bearer(tokens))
        assert (refused.status_code, refused.json()["slug"]) == (422, "identity.no-password"), path
        assert "code by mail" in refused.json()["detail"]
    await reset(shop, await asked(shop, RESET, EMAIL))
    tokens = await signed_in(browser.http, EMAIL, NEW_PASSWORD)
    await post(browser.http, "/auth/step-up", {"password": NEW_PASSWORD}, tokens)


def test_a_provider_for_staff_is_a_way_in_for_staff_alone(shop: OidcShop):
    found = OidcProviders(
        [
            OidcProvider(name="login", issuer="https://login.example"),
            OidcProvider(name="office", issuer="https://office.example", kind="staff"),
        ],
        "https://shop.example/api/v1",
        shop.clock,
    )
    assert found.issuers(AccountKind.customer) == {"https://login.example"}
    assert found.issuers(AccountKind.staff) == {"https://login.example", "https://office.example"}


async def test_whoever_runs_the_shop_takes_the_last_passkey_only_after_a_password_is_chosen(shop: OidcShop):
    browser, device = shop.browser(), Device()
    tokens, _, identity = await without_a_password(browser, device)
    assert await removed(browser, identity, tokens) == (204, "")
    remove = shop.container.second_factors.remove_factors()
    with pytest.raises(LastWayIn, match="choose a password first"):
        await remove(EMAIL)
    # Nothing went: the passkey opens as before, and its recovery codes are there.
    held = (await browser.http.get("/auth/mfa", headers=bearer(await by_passkey(browser, device)))).json()
    assert (held["passkeys"], held["recovery_codes_left"]) == (1, 10)
    # What the refusal says helps.
    await reset(shop, await asked(shop, RESET, EMAIL))
    assert await remove(EMAIL) == 1
    assert await signed_in(browser.http, EMAIL, NEW_PASSWORD)


async def test_whoever_runs_the_shop_takes_a_passkey_where_a_provider_opens_too(shop: OidcShop):
    browser = shop.browser()
    await without_a_password(browser, Device())
    assert await shop.container.second_factors.remove_factors()(EMAIL) == 1
    assert await shop.browser().sign_in()


async def test_s35_a_provider_is_unlinked_soon_after_a_proof_alone(shop: OidcShop):
    """A computer left open must not be enough to make a provider no way in."""
    browser = shop.browser()
    tokens, passkey, identity = await without_a_password(browser, Device())
    shop.clock.advance(timedelta(minutes=11))
    tokens = await post(browser.http, "/auth/refresh", {"refresh_token": tokens["refresh_token"]})
    for path in (identity, passkey):
        assert await removed(browser, path, tokens) == (401, "auth.step-up-needed"), path
    assert len((await browser.http.get("/auth/identities", headers=bearer(tokens))).json()) == 1


@pytest.mark.services
class TestAtOnce:
    @pytest.fixture
    async def oidc(self, database_url):
        async with on_postgres(database_url) as shop:
            yield shop

    async def both(self, oidc):
        """The statuses when the passkey and the identity are removed at once."""
        browser = oidc.browser()
        tokens, *paths = await without_a_password(browser, Device())
        answers = await asyncio.gather(*(removed(browser, path, tokens) for path in paths))
        return sorted(status for status, _ in answers)

    async def test_of_the_last_two_ways_one_stays(self, oidc):
        assert await self.both(oidc) == [204, 409]

    async def test_negative_control_without_the_lock_both_go(self, oidc):
        class Unlocked(PostgresAccounts):
            async def locked(self, id):
                return await self.get(id)

        class Slow(PostgresPasskeys):
            async def of(self, account_id):
                found = await super().of(account_id)
                await asyncio.sleep(0.1)
                return found

        class NaiveUow(PostgresIdentityUow):
            def open(self, tx):
                super().open(tx)
                self.accounts, self.passkeys = Unlocked(tx), Slow(tx)

        oidc.container.uow.override(providers.Factory(NaiveUow, oidc.infra.database(), oidc.outbox))
        assert await self.both(oidc) == [204, 204]
