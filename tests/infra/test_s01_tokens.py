"""S01: nothing but a token that we signed, for us, for this purpose and for now opens a door."""

import base64
import json
import os
import random
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from merx.infra.clock import SystemClock
from merx.infra.http.callers import Authenticator
from merx.infra.keys import KeyRing, SigningKey, load_keys
from merx.infra.settings import Settings, SettingsError
from merx.infra.tokens import AccessTokens, key_id
from merx.kernel.actor import ActorKind
from merx.kernel.errors import Unauthenticated
from merx.kernel.ids import new_id
from tests.infra.http.toy import MEMORY, Toys, toy_app
from tests.support.asgi import AsgiClient

KEY, OLDER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
FORGED = 100_000 if os.environ.get("MERX_PROPERTIES") == "thorough" else 5_000


@pytest.fixture
def tokens() -> AccessTokens:
    ring = KeyRing([SigningKey(OLDER), SigningKey(KEY)])
    return AccessTokens(ring, issuer="merx", audience="merx", clock=SystemClock())


def signed(claims=(), headers=(), key=KEY, algorithm="EdDSA", kid=None):
    now = int(time.time())
    body = {"iss": "merx", "aud": "merx", "sub": str(new_id()), "exp": now + 300, "iat": now, "jti": "1"}
    body = {name: value for name, value in (body | {"kind": "staff", "scope": "*"} | dict(claims)).items() if value}
    head = {"typ": "at+jwt", "kid": kid or jwt_kid(KEY)} | dict(headers)
    return jwt.PyJWS().encode(json.dumps(body).encode(), key, algorithm=algorithm, headers=head)


def jwt_kid(key):
    return key_id(key.public_key())


def unsigned(head):
    text = base64.urlsafe_b64encode(json.dumps(head).encode()).rstrip(b"=").decode()
    return f"{text}.{signed().split('.')[1]}."


def in_future(seconds):
    return int(time.time()) + seconds


RAW_PUBLIC = KEY.public_key().public_bytes_raw()
ARMOURED = base64.b64encode(RAW_PUBLIC)
TABLE = {
    "no algorithm": lambda: unsigned({"alg": "none", "typ": "at+jwt", "kid": jwt_kid(KEY)}),
    "NoNe in other letters": lambda: unsigned({"alg": "nOnE", "typ": "at+jwt", "kid": jwt_kid(KEY)}),
    "HS512 with the public key": lambda: signed(key=RAW_PUBLIC * 2, algorithm="HS512"),
    "HS256 with the public key as text": lambda: signed(key=ARMOURED, algorithm="HS256"),
    "RS256 with a key of its own": lambda: signed(key=RSA, algorithm="RS256"),
    "another Ed25519 key": lambda: signed(key=Ed25519PrivateKey.generate()),
    "the name of our other key": lambda: signed(key=KEY, kid=jwt_kid(OLDER)),
    "no exp": lambda: signed({"exp": None}),
    "no jti": lambda: signed({"jti": None}),
    "wrong aud": lambda: signed({"aud": "other"}),
    "wrong iss": lambda: signed({"iss": "other"}),
    "a refresh token as access token": lambda: signed(headers={"typ": "rt+jwt"}),
    "kid is a path": lambda: signed(kid="../../../../dev/null"),
    "a key of its own along": lambda: signed(headers={"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AA"}}),
    "keys from elsewhere": lambda: signed(headers={"jku": "https://evil.example/jwks.json"}),
    "crit": lambda: signed(headers={"crit": ["exp"]}),
    "made in the future": lambda: signed({"iat": in_future(61)}),
    "proved in the future": lambda: signed({"auth_time": in_future(61)}),
    "expired beyond the leeway": lambda: signed({"iat": in_future(-361), "exp": in_future(-61)}),
    "over before it began": lambda: signed({"iat": in_future(30), "exp": in_future(30)}),
    "64 KB": lambda: signed({"pad": "x" * 65_536}),
    "kind that has no tokens": lambda: signed({"kind": "system"}),
}


@pytest.mark.parametrize("name", TABLE)
def test_s01_the_table(tokens, name):
    tokens.verify(signed())
    with pytest.raises(Unauthenticated):
        tokens.verify(TABLE[name]())


async def test_s01_the_table_over_http_is_401_never_500():
    toys = Toys(MEMORY)
    toys.tokens = AccessTokens(KEY, issuer="merx", audience="merx", clock=SystemClock())
    async with AsgiClient(toy_app(MEMORY, toys)) as client:

        async def status(token):
            headers = {"authorization": f"Bearer {token}"}
            return (await client.request("GET", "/api/v1/toys/me", headers=headers)).status

        assert await status(signed()) == 200
        # A header of 64 KB is refused before anybody looks into it.
        found = {name: await status(make()) for name, make in TABLE.items()}
    assert found.pop("64 KB") in (401, 431)
    assert set(found.values()) == {401}, found


@pytest.mark.parametrize("leeway", [30, 55])
def test_s01_clocks_may_differ_by_the_leeway(tokens, leeway):
    tokens.verify(signed({"iat": in_future(leeway)}))
    tokens.verify(signed({"iat": in_future(-300), "exp": in_future(-leeway)}))


@pytest.mark.many
def test_s01_forged_and_mutated_tokens_are_all_refused(tokens):
    """One character changed, added, lost or moved; parts of two tokens mixed; noise behind a right beginning."""
    door = Authenticator(tokens)
    chance = random.Random(1)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ %\x00é"
    good = [tokens.issue(new_id(), kind, ["orders:write"]) for kind in (ActorKind.staff, ActorKind.customer)]
    good.append(signed(key=OLDER, kid=jwt_kid(OLDER)))
    for token in good:
        door.actor(f"Bearer {token}".encode(), "")

    def mutated(token):
        at, char = chance.randrange(len(token)), chance.choice(alphabet)
        head, body, signature = token.split(".")
        other = chance.choice(good).split(".")
        return chance.choice(
            (
                lambda: token[:at] + char + token[at + 1 :],
                lambda: token[:at] + char + token[at:],
                lambda: token[:at] + token[at + 1 :],
                lambda: token[:at],
                lambda: f"{head}.{other[1]}.{signature}",
                lambda: f"{other[0]}.{body}.{signature}",
                lambda: f"{head}.{body}.{other[2]}",
                lambda: f"{head}.{body}.{''.join(chance.choices(alphabet[:64], k=86))}",
                lambda: f"{head}.{''.join(chance.choices(alphabet[:64], k=at))}.{signature}",
                lambda: "".join(chance.choices(alphabet, k=at)),
            )
        )()

    tried = 0
    while tried < FORGED:
        token = mutated(chance.choice(good))
        # White space around a token is no part of it.
        if token.strip() in good or token == "":
            continue
        tried += 1
        with pytest.raises(Unauthenticated):
            door.actor(b"Bearer " + token.encode("latin-1"), "")
    assert len(tokens._known) == len(good)


def test_s01_a_key_that_is_not_ed25519_stops_the_start(tmp_path):
    for name, pem in {
        "rsa.pem": RSA.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        "public.pem": KEY.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
        "empty.pem": b"",
        "short.pem": b"-----BEGIN PRIVATE KEY-----\nc2hvcnQ=\n-----END PRIVATE KEY-----\n",
    }.items():
        (tmp_path / name).write_bytes(pem)
        with pytest.raises(SettingsError, match="Ed25519"):
            load_keys(Settings(token_key_file=str(tmp_path / name), secret="k1f9x7w2" * 8))
    with pytest.raises(ValueError, match="32 bytes"):
        load_keys(Settings(environment="production", token_key_file="", secret="short"))
