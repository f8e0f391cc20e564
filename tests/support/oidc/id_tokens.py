"""ID tokens, right and wrong in every way that matters (OpenID Connect Core §3.1.3.7)."""

import base64
import hashlib
import hmac
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

LIFE = 300
# What changes in the claims; None takes a claim away.
CLAIMS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "wrong-nonce": lambda _: {"nonce": "n" * 43},
    "no-nonce": lambda _: {"nonce": None},
    "wrong-aud": lambda _: {"aud": "another-shop"},
    "no-aud": lambda _: {"aud": None},
    "aud-is-a-number": lambda _: {"aud": 7},
    "others-without-azp": lambda provider: {"aud": [provider.client_id, "another-shop"]},
    "azp-of-another": lambda provider: {"aud": [provider.client_id, "another-shop"], "azp": "another-shop"},
    "single-aud-azp-of-another": lambda _: {"azp": "another-shop"},
    "wrong-iss": lambda _: {"iss": "https://other.example"},
    "iss-with-slash": lambda provider: {"iss": f"{provider.issuer}/"},
    "no-iss": lambda _: {"iss": None},
    "expired": lambda provider: {"exp": int(provider.now()) - 61, "iat": int(provider.now()) - 400},
    "no-exp": lambda _: {"exp": None},
    "exp-is-text": lambda _: {"exp": "never"},
    "exp-is-true": lambda _: {"exp": True},
    "future-iat": lambda provider: {"iat": int(provider.now()) + 61},
    "no-iat": lambda _: {"iat": None},
    "not-yet": lambda provider: {"nbf": int(provider.now()) + 61},
    "wrong-at-hash": lambda _: {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    "at-hash-is-a-number": lambda _: {"at_hash": 7},
    "no-sub": lambda _: {"sub": None},
    "empty-sub": lambda _: {"sub": ""},
    "sub-is-a-number": lambda _: {"sub": 7},
    "long-sub": lambda _: {"sub": "x" * 256},
    "sub-with-line-break": lambda _: {"sub": "ada\nroot"},
    "email-is-a-list": lambda _: {"email": ["ada@example.com"]},
    # Right, at the edge of the leeway.
    "just-expired": lambda provider: {"exp": int(provider.now()) - 59, "iat": int(provider.now()) - 400},
    "just-future": lambda provider: {"iat": int(provider.now()) + 59},
    "several-aud": lambda provider: {"aud": [provider.client_id, "another-shop"], "azp": provider.client_id},
    "no-at-hash": lambda _: {"at_hash": None},
    "email-verified-as-text": lambda _: {"email_verified": "true"},
}


def _part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else msgspec.json.encode(value)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@cache
def rsa_key() -> RSAKey:
    """Costs a tenth of a second to make."""
    return RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)


@cache
def short_key() -> RSAKey:
    with warnings.catch_warnings(action="ignore"):
        return RSAKey.generate_key(1024, {"use": "sig", "alg": "RS256"}, auto_kid=True)


def _half_hash(access_token: str) -> str:
    return _part(hashlib.sha256(access_token.encode()).digest()[:16])


def id_token(provider: Any, nonce: str, access_token: str) -> str:
    now = int(provider.now())
    claims = {
        "iss": provider.issuer,
        "aud": provider.client_id,
        "exp": now + LIFE,
        "iat": now,
        "nonce": nonce,
        "at_hash": _half_hash(access_token),
        **({"sub": provider.person["sub"]} if provider.in_userinfo else provider.person),
    }
    if provider.trouble in CLAIMS:
        claims |= CLAIMS[provider.trouble](provider)
    claims = {name: value for name, value in claims.items() if value is not None}
    header = {"alg": "ES256", "kid": provider.key.kid}
    wrong = SIGNATURES.get(provider.trouble)
    return jwt.encode(header, claims, provider.key, algorithms=["ES256"]) if wrong is None else wrong(provider, claims)


def _unsigned(_: Any, claims: Any) -> str:
    return f"{_part({'alg': 'none'})}.{_part(claims)}."


def _unsigned_in_capitals(provider: Any, claims: Any) -> str:
    return f"{_part({'alg': 'NONE', 'kid': provider.key.kid})}.{_part(claims)}."


def _keyed_with(secret: Callable[[Any], bytes]) -> Callable[[Any, Any], str]:
    def made(provider: Any, claims: Any) -> str:
        start = f"{_part({'alg': 'HS256', 'kid': provider.key.kid})}.{_part(claims)}"
        return f"{start}.{_part(hmac.digest(secret(provider), start.encode(), 'sha256'))}"

    return made


def _wrong_signature(provider: Any, claims: Any) -> str:
    other = ECKey.generate_key("P-256")
    return jwt.encode({"alg": "ES256", "kid": provider.key.kid}, claims, other, algorithms=["ES256"])


def _changed_claims(provider: Any, claims: Any) -> str:
    first, _, last = jwt.encode({"alg": "ES256", "kid": provider.key.kid}, claims, provider.key).split(".")
    return f"{first}.{_part(claims | {'sub': 'somebody-else'})}.{last}"


def _unknown_kid(provider: Any, claims: Any) -> str:
    return jwt.encode({"alg": "ES256", "kid": "nobody-knows-it"}, claims, provider.key, algorithms=["ES256"])


def _own_key_inside(_: Any, claims: Any) -> str:
    own = ECKey.generate_key("P-256")
    header = {"alg": "ES256", "jwk": own.as_dict(private=False)}
    return jwt.encode(header, claims, own, algorithms=["ES256"])


def _other_algorithm(provider: Any, claims: Any) -> str:
    start = f"{_part({'alg': 'RS256', 'kid': provider.key.kid})}.{_part(claims)}"
    return f"{start}.{_part(b'x' * 256)}"


def _with_rsa(_: Any, claims: Any) -> str:
    return jwt.encode({"alg": "RS256", "kid": rsa_key().kid}, claims, rsa_key(), algorithms=["RS256"])


def _with_short_rsa(_: Any, claims: Any) -> str:
    return jwt.encode({"alg": "RS256", "kid": short_key().kid}, claims, short_key(), algorithms=["RS256"])


def _critical(provider: Any, claims: Any) -> str:
    start = f"{_part({'alg': 'ES256', 'kid': provider.key.kid, 'crit': ['x'], 'x': 1})}.{_part(claims)}"
    signed = jwt.encode({"alg": "ES256", "kid": provider.key.kid}, claims, provider.key)
    return f"{start}.{signed.rpartition('.')[2]}"


SIGNATURES: dict[str, Callable[[Any, Any], str]] = {
    "alg-none": _unsigned,
    "alg-none-in-capitals": _unsigned_in_capitals,
    "hs256-with-public-key": _keyed_with(lambda provider: provider.key.as_pem(private=False)),
    "hs256-with-client-secret": _keyed_with(lambda provider: provider.client_secret.encode()),
    "wrong-signature": _wrong_signature,
    "changed-claims": _changed_claims,
    "unknown-kid": _unknown_kid,
    "own-key-inside": _own_key_inside,
    "other-algorithm": _other_algorithm,
    "critical-header": _critical,
    "keys short": _with_short_rsa,
    "signed-with-rsa": _with_rsa,
    "no-token": lambda *_: "",
    "two-parts": lambda *_: "a.b",
    "not-base64": lambda *_: "%%%.%%%.%%%",
    "no-object": lambda *_: f"{_part([])}.{_part([])}.x",
    "huge-token": lambda *_: "a" * 200_000,
    "not-ascii": lambda *_: "é.é.é",
}
