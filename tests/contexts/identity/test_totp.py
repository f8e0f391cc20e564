"""Authenticator app and recovery codes, and signing in with them, as a client meets them."""

import base64
from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree

import pyotp
import pytest

from merx.contexts.identity.adapters.throttle import PAIR
from merx.contexts.identity.domain.one_time_code import MAX_ATTEMPTS
from merx.contexts.identity.domain.recovery_codes import HOW_MANY
from merx.contexts.identity.events import (
    FactorAdded,
    FactorRemoved,
    RecoveryCodesMade,
    RecoveryCodeUsed,
    SecondFactorGuessed,
    SignedIn,
)
from merx.contexts.identity.usecases.factor_proof import GivenFactor
from merx.infra.sealing import SealBroken, Sealer
from merx.kernel.ids import new_id
from tests.contexts.identity.conftest import HERE, PASSWORD, bearer
from tests.contexts.identity.factors import EMAIL, answer, code, post, refusal, sign_in, with_passkey, with_totp
from tests.contexts.identity.journeys import NEW_PASSWORD, asked, reset
from tests.support.authenticator import Device

STEP = timedelta(seconds=30)


@pytest.fixture
async def ada(client, memory_shop):
    """Tokens of somebody who has just signed in, with nothing but a password."""
    await memory_shop.customer(EMAIL)
    return await sign_in(client)


def heard(shop, kind):
    return [event for event in shop.events if isinstance(event, kind)]


class TestEnrolling:
    async def test_the_secret_is_shown_once_and_stored_encrypted(self, client, memory_shop, ada):
        new = await post(client, "/auth/mfa/totp", tokens=ada)
        totp = pyotp.parse_uri(new["uri"])
        assert (totp.secret, totp.name, totp.issuer) == (new["secret"], EMAIL, "localhost")
        assert ElementTree.fromstring(new["qr_svg"]).tag.endswith("svg")  # noqa: S314 - made by ourselves
        async with memory_shop.container.uow() as uow:
            account = await uow.accounts.by_email(EMAIL)
            stored = await uow.factors.totp(account.id)
        assert base64.b32decode(new["secret"]) not in stored.sealed_secret
        held = await client.get("/auth/mfa", headers=bearer(ada))
        assert held.json() == {"second_factor": False, "totp": False, "passkeys": 0, "recovery_codes_left": 0}

    async def test_only_a_right_code_in_time_confirms(self, client, memory_shop, ada):
        new = await post(client, "/auth/mfa/totp", tokens=ada)
        wrong = {"code": code(new["secret"], memory_shop, 5)}
        assert await refusal(client, "/auth/mfa/totp/confirm", wrong, ada) == (422, "identity.wrong-factor")
        # Without a confirmed factor a sign-in is as before.
        assert "access_token" in await sign_in(client)
        memory_shop.clock.advance(timedelta(minutes=31))
        late = await sign_in(client)
        right = {"code": code(new["secret"], memory_shop)}
        assert await refusal(client, "/auth/mfa/totp/confirm", right, late) == (409, "identity.no-totp")

    async def test_codes_that_confirm_cannot_be_guessed(self, client, memory_shop, ada):
        new = await post(client, "/auth/mfa/totp", tokens=ada)
        wrong = {"code": code(new["secret"], memory_shop, 5)}
        for _ in range(PAIR.free + 1):
            assert (await refusal(client, "/auth/mfa/totp/confirm", wrong, ada))[0] == 422
        right = {"code": code(new["secret"], memory_shop)}
        assert (await refusal(client, "/auth/mfa/totp/confirm", right, ada))[0] == 429

    async def test_an_app_that_was_not_confirmed_proves_nothing(self, client, memory_shop, ada):
        await with_passkey(client, Device(), ada)
        fresh = await post(client, "/auth/refresh", {"refresh_token": ada["refresh_token"]})
        new = await post(client, "/auth/mfa/totp", tokens=fresh)
        given = {"totp": code(new["secret"], memory_shop)}
        assert await refusal(client, "/auth/step-up", given, fresh) == (422, "identity.wrong-factor")
        challenge = await sign_in(client)
        assert "totp" not in challenge["methods"]
        given["mfa_token"] = challenge["mfa_token"]
        assert (await refusal(client, "/auth/mfa/challenge", given))[0] == 401

    async def test_confirming_gives_recovery_codes_once(self, client, memory_shop, ada):
        _, codes = await with_totp(client, memory_shop, ada)
        assert len(set(codes)) == HOW_MANY
        held = (await client.get("/auth/mfa", headers=bearer(ada))).json()
        assert held == {"second_factor": True, "totp": True, "passkeys": 0, "recovery_codes_left": HOW_MANY}
        assert [event.factor for event in heard(memory_shop, FactorAdded)] == ["totp"]
        fresh = await post(client, "/auth/refresh", {"refresh_token": ada["refresh_token"]})
        assert await refusal(client, "/auth/mfa/totp", None, fresh) == (409, "identity.totp-held-already")


class TestSigningIn:
    async def test_password_then_code(self, client, memory_shop, ada):
        secret, _ = await with_totp(client, memory_shop, ada)
        memory_shop.clock.advance(STEP)
        memory_shop.events.clear()
        challenge = await sign_in(client)
        assert {**challenge, "mfa_token": ""} == {
            "mfa_token": "",
            "methods": ["totp", "recovery_code"],
            "expires_in": 300,
            "passkey": None,
        }
        assert heard(memory_shop, SignedIn) == []
        tokens = await answer(client, challenge, totp=code(secret, memory_shop))
        (signed,) = heard(memory_shop, SignedIn)
        assert signed.methods == ("password", "totp")
        sessions = (await client.get("/auth/sessions", headers=bearer(tokens))).json()
        assert [one["methods"] for one in sessions if one["current"]] == [["password", "totp"]]

    async def test_s05_nothing_of_it_is_told_before_the_password_is_right(self, client, memory_shop, ada):
        await with_totp(client, memory_shop, ada)
        await memory_shop.customer("plain@example.com")
        answers = []
        for email in (EMAIL, "plain@example.com", "nobody@example.com"):
            given = await client.post("/auth/login", json={"email": email, "password": "wrong password"})
            answers.append((given.status_code, {**given.json(), "request_id": ""}))
        assert answers == [answers[0]] * 3

    async def test_a_code_works_once_and_one_step_around_now(self, client, memory_shop, ada):
        secret, _ = await with_totp(client, memory_shop, ada)
        memory_shop.clock.advance(STEP * 4)
        for steps, good in ((-2, False), (2, False), (-1, True), (-1, False), (0, True), (0, False), (1, True)):
            body = {"mfa_token": (await sign_in(client))["mfa_token"], "totp": code(secret, memory_shop, steps)}
            given = await client.post("/auth/mfa/challenge", json=body)
            assert given.status_code == (200 if good else 401), steps
        # All were of this moment: newer ones spend the older.
        memory_shop.clock.advance(STEP * 2)
        body = {"mfa_token": (await sign_in(client))["mfa_token"], "totp": code(secret, memory_shop, -1)}
        assert await refusal(client, "/auth/mfa/challenge", body) == (401, "identity.factor-refused")

    async def test_a_recovery_code_works_once_however_it_is_typed(self, client, memory_shop, ada):
        _, codes = await with_totp(client, memory_shop, ada)
        typed = codes[0].lower().replace("-", " ").replace("0", "o").replace("1", "l")
        await answer(client, await sign_in(client), recovery_code=typed)
        (used,) = heard(memory_shop, RecoveryCodeUsed)
        assert (used.left, used.email) == (HOW_MANY - 1, EMAIL)
        body = {"mfa_token": (await sign_in(client))["mfa_token"], "recovery_code": codes[0]}
        assert await refusal(client, "/auth/mfa/challenge", body) == (401, "identity.factor-refused")

    async def test_new_recovery_codes_end_the_old_ones(self, client, memory_shop, ada):
        _, old = await with_totp(client, memory_shop, ada)
        tokens = await answer(client, await sign_in(client), recovery_code=old[0])
        new = (await post(client, "/auth/mfa/recovery-codes", tokens=tokens))["recovery_codes"]
        assert len(heard(memory_shop, RecoveryCodesMade)) == 1
        body = {"mfa_token": (await sign_in(client))["mfa_token"], "recovery_code": old[1]}
        assert (await refusal(client, "/auth/mfa/challenge", body))[0] == 401
        await answer(client, await sign_in(client), recovery_code=new[1])

    async def test_exactly_one_proof(self, client, memory_shop, ada):
        secret, codes = await with_totp(client, memory_shop, ada)
        token = {"mfa_token": (await sign_in(client))["mfa_token"]}
        for factor in ({}, {"totp": code(secret, memory_shop, 1), "recovery_code": codes[0]}):
            assert await refusal(client, "/auth/mfa/challenge", token | factor) == (422, "identity.one-proof")

    async def test_removing_it_ends_the_question_and_the_recovery_codes(self, client, memory_shop, ada):
        _, codes = await with_totp(client, memory_shop, ada)
        tokens = await answer(client, await sign_in(client), recovery_code=codes[0])
        assert (await client.delete("/auth/mfa/totp", headers=bearer(tokens))).status_code == 204
        assert [event.factor for event in heard(memory_shop, FactorRemoved)] == ["totp"]
        held = (await client.get("/auth/mfa", headers=bearer(tokens))).json()
        assert held == {"second_factor": False, "totp": False, "passkeys": 0, "recovery_codes_left": 0}
        assert "access_token" in await sign_in(client)
        again = await client.delete("/auth/mfa/totp", headers=bearer(await sign_in(client)))
        assert (again.status_code, again.json()["slug"]) == (409, "identity.no-totp")


class TestTheToken:
    async def test_s06_it_is_good_for_one_sign_in_of_five_minutes(self, client, memory_shop, ada):
        _, codes = await with_totp(client, memory_shop, ada)
        challenge = await sign_in(client)
        await answer(client, challenge, recovery_code=codes[0])
        late = await sign_in(client)
        memory_shop.clock.advance(timedelta(seconds=300))
        for token in (challenge["mfa_token"], late["mfa_token"], "mx_otc_made-up", ada["refresh_token"]):
            body = {"mfa_token": token, "recovery_code": codes[1]}
            assert await refusal(client, "/auth/mfa/challenge", body) == (401, "identity.invalid-mfa-token"), token

    async def test_s06_a_new_password_makes_it_void_and_leaves_the_factor_on(self, client, memory_shop, ada):
        _, codes = await with_totp(client, memory_shop, ada)
        challenge = await sign_in(client)
        await reset(memory_shop, await asked(memory_shop, "reset-password", EMAIL))
        body = {"mfa_token": challenge["mfa_token"], "recovery_code": codes[0]}
        assert await refusal(client, "/auth/mfa/challenge", body) == (401, "identity.invalid-mfa-token")
        assert "mfa_token" in await sign_in(client, password=NEW_PASSWORD)

    async def test_s06_it_is_good_for_its_own_account_and_purpose(self, client, memory_shop, ada):
        await with_totp(client, memory_shop, ada)
        await memory_shop.customer("eve@example.com")
        eve = await sign_in(client, "eve@example.com")
        _, hers = await with_totp(client, memory_shop, eve)
        body = {"mfa_token": (await sign_in(client))["mfa_token"], "recovery_code": hers[0]}
        assert await refusal(client, "/auth/mfa/challenge", body) == (401, "identity.factor-refused")
        mailed = await asked(memory_shop, "reset-password", "eve@example.com")
        assert (await refusal(client, "/auth/mfa/challenge", {"mfa_token": mailed, "recovery_code": hers[0]}))[0] == 401
        token = (await sign_in(client, "eve@example.com"))["mfa_token"]
        assert (await refusal(client, "/auth/password/reset", {"code": token, "password": NEW_PASSWORD}))[0] == 400

    async def test_s04_wrong_answers_are_few_and_the_owner_hears_of_them(self, client, memory_shop, ada):
        secret, _ = await with_totp(client, memory_shop, ada)
        memory_shop.clock.advance(STEP)
        challenge = await sign_in(client)
        wrong = {"mfa_token": challenge["mfa_token"], "totp": code(secret, memory_shop, 7)}
        found = [await refusal(client, "/auth/mfa/challenge", wrong) for _ in range(MAX_ATTEMPTS + 1)]
        assert found == [(401, "identity.factor-refused")] * MAX_ATTEMPTS + [(401, "identity.invalid-mfa-token")]
        assert len(heard(memory_shop, SecondFactorGuessed)) == 1

    async def test_s04_guesses_are_slowed_down_over_many_tokens(self, client, memory_shop, ada):
        """A right password alone takes nothing back from the count: neither of passwords nor of codes."""
        secret, _ = await with_totp(client, memory_shop, ada)
        memory_shop.clock.advance(STEP)
        evaluated, statuses = 0, []
        for _ in range(20):
            given = await client.post("/auth/login", json={"email": EMAIL, "password": PASSWORD})
            statuses.append(given.status_code)
            if given.status_code == 200:
                body = {"mfa_token": given.json()["mfa_token"], "totp": code(secret, memory_shop, 7)}
                evaluated += (await refusal(client, "/auth/mfa/challenge", body))[0] == 401
        assert evaluated <= PAIR.free + 1
        assert statuses[-1] == 429


class TestTheSeal:
    async def test_a_former_secret_opens_and_the_first_use_seals_anew(self, client, memory_shop, ada):
        secret, _ = await with_totp(client, memory_shop, ada)

        async def use(sealer):
            memory_shop.clock.advance(STEP)
            proof = replace(memory_shop.container.second_factors.factor_proof(), seals=sealer)
            async with memory_shop.container.uow() as uow:
                account = await uow.accounts.by_email(EMAIL)
                given = GivenFactor(totp=code(secret, memory_shop))
                method = await proof.check(uow, account, given, None, HERE, memory_shop.clock.now())
                await uow.commit()
            return method

        with pytest.raises(SealBroken):
            await use(Sealer(b"n" * 32))
        assert await use(Sealer(b"n" * 32, [b"k" * 32])) == "totp"
        assert await use(Sealer(b"n" * 32)) == "totp"
        with pytest.raises(SealBroken):
            await use(Sealer(b"k" * 32))

    def test_it_is_good_for_its_owner_and_purpose_alone(self):
        sealer, owner = Sealer(b"k" * 32), new_id()
        sealed = sealer.seal("totp-secret", owner, b"plain")
        assert sealer.open("totp-secret", owner, sealed) == b"plain"
        assert sealed != sealer.seal("totp-secret", owner, b"plain")
        broken = [sealed[:-1], sealed[:-1] + bytes([sealed[-1] ^ 1]), b"", b"\x02" + sealed[1:], sealed[:12]]
        for purpose, who, text in [("other", owner, sealed), ("totp-secret", new_id(), sealed)] + [
            ("totp-secret", owner, each) for each in broken
        ]:
            with pytest.raises(SealBroken):
                sealer.open(purpose, who, text)
