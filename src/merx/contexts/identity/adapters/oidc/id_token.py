"""An ID token is believed when everything about it holds (OpenID Connect Core §3.1.3.7)."""

from typing import Any

import msgspec
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from merx.contexts.identity.adapters.oidc.documents import ProviderDocuments
from merx.contexts.identity.domain.provider_errors import ProviderRefused
from merx.kernel import base64url

# Asymmetric only: `none` and HS256 with the public key as secret are the oldest tricks.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
LEEWAY_SECONDS = 60
MAX_TOKEN = 32 * 1024


class _Header(msgspec.Struct, frozen=True):
    alg: str
    kid: str | None = None


class Person(msgspec.Struct, frozen=True):
    """The claims that are used; of the ID token, or of the UserInfo answer."""

    sub: str
    email: str | None = None
    email_verified: bool | str | None = None
    name: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    acr: str | None = None
    amr: tuple[str, ...] = ()

    @property
    def verified(self) -> bool:
        # Some write it as text.
        return self.email_verified is True or self.email_verified == "true"

    @property
    def full_name(self) -> str | None:
        return self.name or " ".join(part for part in (self.given_name, self.family_name) if part) or None

    def __repr__(self) -> str:
        return "Person(***)"


async def verified_person(
    token: str,
    documents: ProviderDocuments,
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    access_token: str,
    now: int,
) -> Person:
    """Raises ProviderRefused, and ProviderAway when keys cannot be had."""
    header = _header(token)
    published = (await documents.discovery()).id_token_signing_alg_values_supported
    if header.alg not in ALGORITHMS or header.alg not in published:
        raise ProviderRefused("the ID token is signed with an algorithm that is not accepted")
    key = await documents.key(header.kid, header.alg)
    registry = JWSRegistry(algorithms=[header.alg], strict_check_header=False)
    try:
        signed = jwt.decode(token, key, algorithms=[header.alg], registry=registry)
        claims = CodeIDToken(
            signed.claims,
            signed.header,
            {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client_id}},
            {"nonce": nonce, "client_id": client_id, "access_token": access_token},
        )
        claims.validate(now=now, leeway=LEEWAY_SECONDS)
        person = msgspec.convert(dict(claims), Person)
    except (JoseError, msgspec.ValidationError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise ProviderRefused(f"the ID token does not hold ({_reason(error)})") from None
    # What names a person for ever is not cut.
    if not person.sub or len(person.sub) > 255 or not person.sub.isprintable():
        raise ProviderRefused("the ID token names nobody")
    return person


def _header(token: str) -> _Header:
    if len(token) > MAX_TOKEN or not token.isascii():
        raise ProviderRefused("the ID token is too long")
    first = token.split(".", 1)[0]
    try:
        return msgspec.json.decode(base64url.decode(first), type=_Header)
    except (ValueError, msgspec.MsgspecError, RecursionError):
        raise ProviderRefused("the ID token has no header") from None


def _reason(error: Exception) -> str:
    """Without values: which claim of which kind of failure."""
    claim: Any = getattr(error, "claim", "")
    return f"{type(error).__name__} {claim}".strip() if isinstance(claim, str) else type(error).__name__


# Kinds of proof in RFC 8176: what one knows, has and is.
_KNOWS = frozenset({"pwd", "pin", "kba"})
_HAS = frozenset({"otp", "sms", "tel", "hwk", "swk", "sc", "pop"})
_IS = frozenset({"fpt", "face", "iris", "retina", "vbm"})


def is_multi_factor(person: Person, accepted: tuple[str, ...]) -> bool:
    """Whether the provider saw two factors: `mfa`, methods of two kinds, or an `acr` that the operator named."""
    methods = set(person.amr)
    kinds = sum(bool(methods & kind) for kind in (_KNOWS, _HAS, _IS))
    return "mfa" in methods or kinds >= 2 or (person.acr is not None and person.acr in accepted)
