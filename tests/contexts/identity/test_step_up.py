"""Proving once more who one is, before what must not be done with a computer left open."""

from datetime import timedelta

import httpx
import pytest

from merx.infra.http.errors import failure_of
from merx.infra.settings import Settings
from merx.kernel.actor import WAIVES_STEP_UP, Actor, ActorKind, Proof, ProofLevel
from merx.kernel.errors import Forbidden, StepUpNeeded
from merx.kernel.ids import new_id
from merx.kernel.rights import AS_HELD
from tests.contexts.identity.conftest import PASSWORD, PERMISSIONS, Shop, Source, bearer
from tests.contexts.identity.factors import EMAIL, answer, code, post, refusal, sign_in, with_passkey, with_totp
from tests.support.authenticator import Device
from tests.support.stage import staged

LONG = timedelta(seconds=Settings().step_up_seconds)
KEY = {"name": "erp", "scopes": ["orders:read"]}
NEEDED = (401, "auth.step-up-needed")
TOO_WEAK = (422, "identity.proof-too-weak")


async def refreshed(client, tokens):
    return await post(client, "/auth/refresh", {"refresh_token": tokens["refresh_token"]})


@pytest.fixture
async def sam(client, memory_shop):
    """A member of staff who signed in a while ago."""
    await memory_shop.staff(permissions=tuple(PERMISSIONS))
    tokens = await sign_in(client, "staff@example.com")
    memory_shop.clock.advance(LONG)
    return await refreshed(client, tokens)


class TestPeople:
    async def test_s35_an_old_sign_in_makes_no_api_key(self, client, memory_shop, sam):
        refused = await client.post("/auth/api-keys", json=KEY, headers=bearer(sam))
        assert (refused.status_code, refused.json()["slug"]) == NEEDED
        assert 'error="insufficient_user_authentication"' in refused.headers["www-authenticate"]
        await client.get("/auth/api-keys", headers=bearer(sam))
        fresh = await post(client, "/auth/step-up", {"password": PASSWORD}, sam)
        key = await post(client, "/auth/api-keys", KEY, fresh, status=201)
        memory_shop.clock.advance(LONG)
        sam = await refreshed(client, sam)
        path = f"/auth/api-keys/{key['api_key']['id']}/rotate"
        assert await refusal(client, path, {}, sam) == NEEDED

    async def test_s35_a_refresh_proves_nothing_and_keeps_a_proof(self, client, memory_shop, sam):
        assert await refusal(client, "/auth/api-keys", KEY, await refreshed(client, sam)) == NEEDED
        fresh = await post(client, "/auth/step-up", {"password": PASSWORD}, sam)
        assert set(fresh) == {"access_token", "expires_in", "token_type"}
        again = await refreshed(client, await refreshed(client, sam))
        await post(client, "/auth/api-keys", KEY, again, status=201)

    async def test_s35_a_wrong_password_is_no_proof(self, client, memory_shop, sam):
        wrong = await refusal(client, "/auth/step-up", {"password": "wrong password"}, sam)
        assert wrong == (422, "identity.wrong-password")
        assert await refusal(client, "/auth/step-up", {}, sam) == (422, "identity.one-proof")
        assert await refusal(client, "/auth/api-keys", KEY, await refreshed(client, sam)) == NEEDED

    async def test_s35_an_account_with_a_second_factor_shows_that_one(self, client, memory_shop, sam):
        fresh = await post(client, "/auth/step-up", {"password": PASSWORD}, sam)
        secret, _ = await with_totp(client, memory_shop, fresh)
        memory_shop.clock.advance(LONG)
        sam = await refreshed(client, sam)
        for password in (PASSWORD, "wrong password"):  # which of them it was is not told
            assert await refusal(client, "/auth/step-up", {"password": password}, sam) == TOO_WEAK
        wrong = {"totp": code(secret, memory_shop, 9)}
        assert await refusal(client, "/auth/step-up", wrong, sam) == (422, "identity.wrong-factor")
        right = {"totp": code(secret, memory_shop)}
        await post(client, "/auth/api-keys", KEY, await post(client, "/auth/step-up", right, sam), status=201)
        assert await refusal(client, "/auth/step-up", right, sam) == (422, "identity.wrong-factor")

    async def test_s35_a_sign_in_from_before_the_factor_is_too_weak_however_young(self, client, memory_shop):
        await memory_shop.staff(permissions=tuple(PERMISSIONS))
        other, here = await sign_in(client, "staff@example.com"), await sign_in(client, "staff@example.com")
        secret, _ = await with_totp(client, memory_shop, here)
        other, here = await refreshed(client, other), await refreshed(client, here)
        assert await refusal(client, "/auth/api-keys", KEY, other) == NEEDED
        await post(client, "/auth/api-keys", KEY, here, status=201)
        memory_shop.clock.advance(timedelta(seconds=30))
        fresh = await post(client, "/auth/step-up", {"totp": code(secret, memory_shop)}, other)
        await post(client, "/auth/api-keys", KEY, fresh, status=201)

    async def test_s35_with_a_passkey(self, client, memory_shop, sam):
        fresh = await post(client, "/auth/step-up", {"password": PASSWORD}, sam)
        device = Device()
        await with_passkey(client, device, fresh)
        memory_shop.clock.advance(LONG)
        sam = await refreshed(client, sam)
        options = await post(client, "/auth/step-up/options", tokens=sam)
        given = {"passkey": device.get(options)}
        await post(client, "/auth/api-keys", KEY, await post(client, "/auth/step-up", given, sam), status=201)
        assert await refusal(client, "/auth/step-up", given, sam) == (422, "identity.wrong-factor")
        other = {"passkey": device.get(await post(client, "/auth/passkeys/options"))}
        assert await refusal(client, "/auth/step-up", other, sam) == (422, "identity.wrong-factor")
        # What she signs for one purpose is good for no other one: at the door, at the step-up, for a new passkey.
        asked = await sign_in(client, "staff@example.com")
        for_sign_in = {"passkey": device.get(asked["passkey"])}
        assert await refusal(client, "/auth/step-up", for_sign_in, sam) == (422, "identity.wrong-factor")
        options = await post(client, "/auth/step-up/options", tokens=sam)
        for_step_up = {"mfa_token": asked["mfa_token"], "passkey": device.get(options)}
        assert await refusal(client, "/auth/mfa/challenge", for_step_up) == (401, "identity.factor-refused")
        sam = await refreshed(client, sam)
        new = await post(client, "/auth/passkeys/registration", tokens=sam)
        challenge = (await post(client, "/auth/step-up/options", tokens=sam))["challenge"]
        body = {"name": "another", "credential": Device().create(new | {"challenge": challenge})}
        assert await refusal(client, "/auth/passkeys", body, sam) == (422, "identity.wrong-factor")

    async def test_s35_factors_come_and_go_with_a_fresh_proof_only(self, client, memory_shop):
        await memory_shop.customer(EMAIL)
        tokens = await sign_in(client)
        _, codes = await with_totp(client, memory_shop, tokens)
        made = await with_passkey(client, Device(), tokens)
        memory_shop.clock.advance(LONG)
        stale = await refreshed(client, tokens)
        for path in ("/auth/mfa/totp", "/auth/mfa/recovery-codes", "/auth/passkeys/registration"):
            assert await refusal(client, path, None, stale) == NEEDED, path
        for path in ("/auth/mfa/totp", f"/auth/passkeys/{made['passkey']['id']}"):
            refused = await client.delete(path, headers=bearer(stale))
            assert (refused.status_code, refused.json()["slug"]) == NEEDED, path
        await post(client, "/auth/step-up", {"recovery_code": codes[0]}, stale)

    async def test_s35_with_a_second_factor_the_password_alone_changes_no_credentials(self, client, memory_shop):
        await memory_shop.customer(EMAIL)
        tokens = await sign_in(client)
        _, codes = await with_totp(client, memory_shop, tokens)
        memory_shop.clock.advance(LONG)
        stale = await refreshed(client, tokens)
        change = {"email": "next@example.com", "password": PASSWORD}
        password = {"present_password": PASSWORD, "new_password": "another passphrase"}
        for path, body in (("/auth/email/change", change), ("/auth/password/change", password)):
            assert await refusal(client, path, body, stale) == NEEDED, path
        fresh = await post(client, "/auth/step-up", {"recovery_code": codes[0]}, stale)
        await post(client, "/auth/email/change", change, fresh, status=202)
        await post(client, "/auth/password/change", password, fresh, status=204)

    async def test_s35_a_device_that_was_signed_out_cannot_step_up(self, client, memory_shop, sam):
        await post(client, "/auth/logout", {"refresh_token": sam["refresh_token"]}, status=204)
        assert await refusal(client, "/auth/step-up", {"password": PASSWORD}, sam) == (401, "identity.signed-out")

    async def test_s35_a_token_of_no_sign_in_gets_no_more_than_it_has(self, client, memory_shop):
        account_id = await memory_shop.staff(permissions=tuple(PERMISSIONS))
        narrow = memory_shop.access_tokens.issue(account_id, ActorKind.staff, ["orders:read"])
        fresh = await post(client, "/auth/step-up", {"password": PASSWORD}, {"access_token": narrow})
        actor = memory_shop.access_tokens.verify(fresh["access_token"])
        assert (actor.permissions, actor.session_id) == (frozenset({AS_HELD, "orders:read"}), None)

    async def test_s04_guesses_at_the_step_up_are_slowed_down(self, client, memory_shop, sam):
        fresh = await post(client, "/auth/step-up", {"password": PASSWORD}, sam)
        secret, _ = await with_totp(client, memory_shop, fresh)
        wrong = {"totp": code(secret, memory_shop, 9)}
        statuses = [(await refusal(client, "/auth/step-up", wrong, sam))[0] for _ in range(10)]
        assert (statuses[0], statuses[-1]) == (422, 429)


class TestStaffThatMust:
    @pytest.fixture
    async def strict(self):
        shop = Shop("memory", settings=Settings(storage="memory", staff_mfa="required"))
        transport = httpx.ASGITransport(staged(Settings(storage="memory"), Source(shop)), client=("192.0.2.7", 1234))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost/api/v1", timeout=10) as client:
            yield client, shop

    async def test_s35_without_a_factor_staff_can_set_one_up_and_nothing_else(self, strict):
        client, shop = strict
        await shop.staff(permissions=tuple(PERMISSIONS))
        tokens = await sign_in(client, "staff@example.com")
        needed = (403, "auth.second-factor-needed")
        assert shop.access_tokens.verify(tokens["access_token"]).permissions == frozenset()
        for method, path in (
            ("GET", "/auth/api-keys"),
            ("GET", "/users/me"),
            ("GET", "/auth/sessions"),
            ("POST", "/auth/logout-all"),
            ("DELETE", "/auth/mfa/totp"),
        ):
            refused = await client.request(method, path, headers=bearer(tokens))
            assert (refused.status_code, refused.json()["slug"]) == needed, path
        # A refresh is no way round.
        tokens = await refreshed(client, tokens)
        assert await refusal(client, "/auth/api-keys", KEY, tokens) == needed
        assert (await client.get("/auth/mfa", headers=bearer(tokens))).status_code == 200
        secret, _ = await with_totp(client, shop, tokens)
        tokens = await refreshed(client, tokens)
        await post(client, "/auth/api-keys", KEY, tokens, status=201)
        last = await client.delete("/auth/mfa/totp", headers=bearer(tokens))
        assert (last.status_code, last.json()["slug"]) == (409, "identity.last-factor")
        shop.clock.advance(timedelta(seconds=30))
        whole = await answer(client, await sign_in(client, "staff@example.com"), totp=code(secret, shop))
        assert (await client.get("/auth/api-keys", headers=bearer(whole))).status_code == 200

    async def test_s35_an_old_enrolment_has_to_step_up_first(self, strict):
        client, shop = strict
        await shop.staff()
        tokens = await sign_in(client, "staff@example.com")
        shop.clock.advance(LONG)
        tokens = await refreshed(client, tokens)
        assert await refusal(client, "/auth/mfa/totp", None, tokens) == NEEDED
        fresh = await post(client, "/auth/step-up", {"password": PASSWORD}, tokens)
        await with_totp(client, shop, fresh)

    async def test_s35_customers_need_none(self, strict):
        client, shop = strict
        await shop.customer(EMAIL)
        assert (await client.get("/users/me", headers=bearer(await sign_in(client)))).status_code == 200

    async def test_s35_one_of_two_factors_may_go(self, strict):
        client, shop = strict
        await shop.staff()
        tokens = await sign_in(client, "staff@example.com")
        await with_totp(client, shop, tokens)
        tokens = await refreshed(client, tokens)
        made = await with_passkey(client, Device(), tokens)
        assert (await client.delete("/auth/mfa/totp", headers=bearer(tokens))).status_code == 204
        last = await client.delete(f"/auth/passkeys/{made['passkey']['id']}", headers=bearer(tokens))
        assert (last.status_code, last.json()["slug"]) == (409, "identity.last-factor")

    def test_s35_production_asks_and_development_does_not(self):
        assert Settings(environment="production").staff_must_have_mfa
        assert not Settings().staff_must_have_mfa
        assert not Settings(environment="production", staff_mfa="optional").staff_must_have_mfa


class TestTheRule:
    def test_s35_who_is_fresh(self):
        staff = {"kind": ActorKind.staff, "account_id": new_id()}
        Actor(**staff, fresh=True).must_be_fresh()
        Actor.system().must_be_fresh()
        Actor(kind=ActorKind.api_key, permissions=frozenset({"orders:write", WAIVES_STEP_UP})).must_be_fresh()
        refused = [
            (Actor(**staff), StepUpNeeded),
            (Actor(**staff, permissions=frozenset({"*", WAIVES_STEP_UP})), StepUpNeeded),
            (Actor(**staff, fresh=True, impersonator=new_id()), Forbidden),
            # `*` on a key is what somebody typed who did not think of this.
            (Actor(kind=ActorKind.api_key, permissions=frozenset({"*"})), Forbidden),
            (Actor(kind=ActorKind.api_key, permissions=frozenset({WAIVES_STEP_UP, f"!{WAIVES_STEP_UP}"})), Forbidden),
        ]
        for actor, error in refused:
            with pytest.raises(error):
                actor.must_be_fresh()

    def test_s35_the_refusal_says_what_helps(self):
        failure = failure_of(StepUpNeeded())
        assert failure.status == 401
        assert dict(failure.headers)["WWW-Authenticate"].startswith('Bearer error="insufficient_user_authentication"')

    def test_s35_tokens_carry_when_and_how(self, memory_shop):
        at = int(memory_shop.clock.now().timestamp())
        proof = Proof(at=at - 700, methods=("password", "totp"), level=ProofLevel.partial)
        token = memory_shop.access_tokens.issue(new_id(), ActorKind.staff, (), proof=proof)
        assert memory_shop.access_tokens.verify(token).proof == proof
        vouched = memory_shop.access_tokens.verify(memory_shop.access_tokens.issue(new_id(), ActorKind.staff))
        assert vouched.proof == Proof(at=at)
