"""Passkeys, with a device of our own whose signatures are real."""

from dataclasses import replace
from datetime import timedelta

import cbor2
import pytest

from merx.contexts.identity.domain.errors import AccountNotFound
from merx.contexts.identity.domain.recovery_codes import HOW_MANY
from merx.contexts.identity.events import FactorAdded, FactorRemoved, PasskeyCopied, SignedIn
from merx.kernel.ids import new_id
from tests.contexts.identity.conftest import bearer
from tests.contexts.identity.factors import EMAIL, answer, post, refusal, sign_in, with_passkey, with_totp
from tests.support.authenticator import HAS_KEY, PRESENT, Device, raw, text

REFUSED = (401, "identity.factor-refused")


@pytest.fixture
async def ada(client, memory_shop):
    await memory_shop.customer(EMAIL)
    return await sign_in(client)


async def enter(client, device, **response):
    options = await post(client, "/auth/passkeys/options")
    return await refusal(client, "/auth/passkeys/login", {"credential": device.get(options, **response)})


def flipped(encoded, place=-1):
    data = bytearray(raw(encoded))
    data[place] ^= 1
    return text(bytes(data))


class TestRegistering:
    @pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
    async def test_register_list_rename_remove(self, client, memory_shop, ada, algorithm):
        options = await post(client, "/auth/passkeys/registration", tokens=ada)
        assert (options["rp"]["id"], options["attestation"]) == ("localhost", "none")
        assert options["authenticatorSelection"] == {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        }
        made = await with_passkey(client, Device(algorithm), ada)
        assert len(made["recovery_codes"]) == HOW_MANY
        assert [event.label for event in memory_shop.events if isinstance(event, FactorAdded)] == ["laptop"]
        second = await with_passkey(client, Device(algorithm), ada, "phone", attestation="packed")
        assert second["recovery_codes"] is None
        path = f"/auth/passkeys/{made['passkey']['id']}"
        renamed = await client.patch(path, json={"name": "old laptop"}, headers=bearer(ada))
        assert renamed.status_code == 204
        listed = (await client.get("/auth/passkeys", headers=bearer(ada))).json()
        assert [one["name"] for one in listed] == ["old laptop", "phone"]
        excluded = await post(client, "/auth/passkeys/registration", tokens=ada)
        assert len(excluded["excludeCredentials"]) == 2
        assert (await client.delete(path, headers=bearer(ada))).status_code == 204
        listed = (await client.get("/auth/passkeys", headers=bearer(ada))).json()
        assert [one["name"] for one in listed] == ["phone"]

    async def test_s07_those_of_others_are_not_there(self, client, memory_shop, ada):
        made = await with_passkey(client, Device(), ada)
        await memory_shop.customer("eve@example.com")
        eve = await sign_in(client, "eve@example.com")
        path = f"/auth/passkeys/{made['passkey']['id']}"
        renamed = await client.patch(path, json={"name": "mine"}, headers=bearer(eve))
        removed = await client.delete(path, headers=bearer(eve))
        assert [renamed.status_code, removed.status_code] == [404, 404]
        assert (await client.get("/auth/passkeys", headers=bearer(eve))).json() == []

    async def test_s06_what_does_not_fit_is_refused(self, client, memory_shop, ada):
        await memory_shop.customer("eve@example.com")
        eve = await sign_in(client, "eve@example.com")
        login = await post(client, "/auth/passkeys/options")
        old = await post(client, "/auth/passkeys/registration", tokens=ada)
        memory_shop.clock.advance(timedelta(minutes=5))
        options = await post(client, "/auth/passkeys/registration", tokens=ada)
        hers = await post(client, "/auth/passkeys/registration", tokens=eve)
        made_up = text(b"x" * 56)
        wrong = {
            "another origin": Device(origin="https://evil.example").create(options),
            "another scheme": Device(origin="https://localhost:8000").create(options),
            "another domain": Device(rp_id="evil.example").create(options),
            "nobody verified": Device(flags=PRESENT).create(options),
            "nobody there": Device(flags=4).create(options),
            "an old challenge": Device().create(old),
            "the challenge of somebody else": Device().create(hers),
            "a challenge to sign in": Device().create(options | {"challenge": login["challenge"]}),
            "a challenge of its own": Device().create(options | {"challenge": made_up}),
            "an attestation that nobody asked for": _attested(Device().create(options), "android-safetynet"),
            "no attestation object": _put(Device().create(options), "attestationObject", text(b"nothing")),
            "client data that is no JSON": _put(Device().create(options), "clientDataJSON", text(b"\xff{")),
            "a self signature that is wrong": _attested(Device().create(options, attestation="packed"), "packed", b"x"),
        }
        found = {}
        for name, credential in wrong.items():
            found[name] = await refusal(client, "/auth/passkeys", {"name": "x", "credential": credential}, ada)
        assert found == dict.fromkeys(wrong, (422, "identity.wrong-factor"))
        assert (await client.get("/auth/passkeys", headers=bearer(ada))).json() == []

    async def test_s06_a_challenge_registers_once_and_a_credential_has_one_owner(self, client, memory_shop, ada):
        options, device = await post(client, "/auth/passkeys/registration", tokens=ada), Device()
        body = {"name": "laptop", "credential": device.create(options)}
        await post(client, "/auth/passkeys", body, ada, status=201)
        other = {"name": "laptop", "credential": Device().create(options)}
        assert await refusal(client, "/auth/passkeys", other, ada) == (422, "identity.wrong-factor")
        await memory_shop.customer("eve@example.com")
        eve = await sign_in(client, "eve@example.com")
        stolen = {
            "name": "x",
            "credential": device.create(await post(client, "/auth/passkeys/registration", tokens=eve)),
        }
        assert await refusal(client, "/auth/passkeys", stolen, eve) == (409, "identity.passkey-held-already")


def _put(credential, name, value):
    return credential | {"response": credential["response"] | {name: value}}


def _attested(credential, fmt, signature=None):
    held = cbor2.loads(raw(credential["response"]["attestationObject"]))
    held["fmt"] = fmt
    if signature is not None:
        held["attStmt"]["sig"] = signature
    return _put(credential, "attestationObject", text(cbor2.dumps(held)))


class TestSigningIn:
    @pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
    async def test_without_email_and_password_and_that_is_two_factors(self, client, memory_shop, ada, algorithm):
        device = Device(algorithm)
        await with_passkey(client, device, ada)
        options = await post(client, "/auth/passkeys/options")
        assert (options["allowCredentials"], options["userVerification"]) == ([], "required")
        tokens = await post(client, "/auth/passkeys/login", {"credential": device.get(options)})
        actor = memory_shop.access_tokens.verify(tokens["access_token"])
        assert (actor.proof.methods, actor.proof.level) == (("passkey",), "full")
        assert [event.methods for event in memory_shop.events if isinstance(event, SignedIn)][-1] == ("passkey",)
        sessions = (await client.get("/auth/sessions", headers=bearer(tokens))).json()
        assert [one["methods"] for one in sessions if one["current"]] == [["passkey"]]

    async def test_as_second_factor(self, client, memory_shop, ada):
        device = Device()
        await with_passkey(client, device, ada)
        asked = await sign_in(client)
        assert asked["methods"] == ["passkey", "recovery_code"]
        (allowed,) = asked["passkey"]["allowCredentials"]
        assert (allowed["id"], allowed["transports"]) == (text(device.credential_id), ["internal"])
        tokens = await answer(client, asked, passkey=device.get(asked["passkey"]))
        assert memory_shop.access_tokens.verify(tokens["access_token"]).proof.methods == ("password", "passkey")

    async def test_s06_what_does_not_fit_is_refused(self, client, memory_shop, ada):
        device = Device()
        await with_passkey(client, device, ada)
        register = await post(client, "/auth/passkeys/registration", tokens=ada)
        second = (await sign_in(client))["passkey"]
        old = await post(client, "/auth/passkeys/options")
        memory_shop.clock.advance(timedelta(minutes=5))
        options = await post(client, "/auth/passkeys/options")
        good = device.get(options)
        stranger = Device(user_handle=device.user_handle)
        somebody = text(new_id().bytes)
        wrong = {
            "another origin": replace(device, origin="https://evil.example"),
            "another domain": replace(device, rp_id="evil.example"),
            "nobody verified": replace(device, flags=PRESENT),
            "nobody there": replace(device, flags=4),
        }
        given = {name: each.get(options) for name, each in wrong.items()} | {
            "a tampered signature": _put(good, "signature", flipped(good["response"]["signature"])),
            "no signature at all": _put(good, "signature", text(b"x")),
            "tampered data": _put(good, "authenticatorData", flipped(good["response"]["authenticatorData"])),
            "the user of somebody else": _put(good, "userHandle", somebody),
            "no user": _put(good, "userHandle", None),
            "an unknown passkey": stranger.get(options),
            "the key of somebody else": stranger.get(options) | {"id": good["id"], "rawId": good["rawId"]},
            "another id": good | {"id": text(b"other")},
            "an old challenge": device.get(old),
            "a challenge of the second factor": device.get(second),
            "a challenge to register": device.get({"rpId": "localhost", "challenge": register["challenge"]}),
            "a challenge of its own": device.get(options | {"challenge": text(b"y" * 56)}),
            "an answer to a registration": _put(
                good, "clientDataJSON", device.create(register)["response"]["clientDataJSON"]
            ),
            "a key in the data": _put(good, "authenticatorData", _with_flag(good, HAS_KEY)),
        }
        found = {}
        for name, credential in given.items():
            found[name] = await refusal(client, "/auth/passkeys/login", {"credential": credential})
        assert found == dict.fromkeys(given, REFUSED)
        # None of them spent the challenge or moved the count.
        await post(client, "/auth/passkeys/login", {"credential": good})

    async def test_s06_an_answer_is_good_once(self, client, memory_shop, ada):
        for device in (Device(), Device(counts=False)):
            await with_passkey(client, device, ada)
            body = {"credential": device.get(await post(client, "/auth/passkeys/options"))}
            await post(client, "/auth/passkeys/login", body)
            assert await refusal(client, "/auth/passkeys/login", body) == REFUSED

    async def test_s06_the_passkey_of_somebody_else_is_no_second_factor(self, client, memory_shop, ada):
        await with_passkey(client, Device(), ada)
        await memory_shop.customer("eve@example.com")
        device = Device()
        await with_passkey(client, device, await sign_in(client, "eve@example.com"))
        asked = await sign_in(client)
        body = {"mfa_token": asked["mfa_token"], "passkey": device.get(asked["passkey"])}
        assert await refusal(client, "/auth/mfa/challenge", body) == REFUSED

    async def test_a_count_that_goes_back_is_refused_and_told(self, client, memory_shop, ada):
        device = Device()
        await with_passkey(client, device, ada)
        assert (await enter(client, device))[0] == 200
        device.sign_count = 0
        assert await enter(client, device) == REFUSED
        (told,) = [event for event in memory_shop.events if isinstance(event, PasskeyCopied)]
        assert (told.email, told.label) == (EMAIL, "laptop")
        device.sign_count = 5
        assert (await enter(client, device))[0] == 200

    async def test_a_forged_count_tells_nobody_anything(self, client, memory_shop, ada):
        """Without the key nobody can make the owner believe that it was copied."""
        device = Device()
        await with_passkey(client, device, ada)
        assert (await enter(client, device))[0] == 200
        device.sign_count = 0
        assert await enter(client, device, signature=text(b"0" * 70)) == REFUSED
        assert [event for event in memory_shop.events if isinstance(event, PasskeyCopied)] == []

    async def test_a_device_that_never_counts_is_fine(self, client, memory_shop, ada):
        device = Device(counts=False)
        await with_passkey(client, device, ada)
        assert [(await enter(client, device))[0] for _ in range(3)] == [200] * 3

    async def test_a_closed_account_stays_out(self, client, memory_shop, ada):
        device = Device()
        await with_passkey(client, device, ada)
        account_id = memory_shop.access_tokens.verify(ada["access_token"]).account_id
        await memory_shop.close_account(account_id)
        assert await enter(client, device) == REFUSED

    async def test_a_removed_passkey_opens_nothing(self, client, memory_shop, ada):
        device = Device()
        made = await with_passkey(client, device, ada)
        removed = await client.delete(f"/auth/passkeys/{made['passkey']['id']}", headers=bearer(ada))
        assert removed.status_code == 204
        assert await enter(client, device) == REFUSED


def _with_flag(credential, flag):
    data = bytearray(raw(credential["response"]["authenticatorData"]))
    data[32] |= flag
    return text(bytes(data))


async def test_whoever_runs_the_shop_takes_lost_factors_away(client, memory_shop, ada):
    await with_totp(client, memory_shop, ada)
    device = Device()
    await with_passkey(client, device, ada)
    remove = memory_shop.container.second_factors.remove_factors()
    with pytest.raises(AccountNotFound):
        await remove("nobody@example.com")
    assert await remove(EMAIL.upper()) == 2
    told = [(event.factor, event.by_staff) for event in memory_shop.events if isinstance(event, FactorRemoved)]
    assert told == [("totp", True), ("passkey", True)]
    assert await enter(client, device) == REFUSED
    tokens = await sign_in(client)
    held = (await client.get("/auth/mfa", headers=bearer(tokens))).json()
    assert held == {"second_factor": False, "totp": False, "passkeys": 0, "recovery_codes_left": 0}
