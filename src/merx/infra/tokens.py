"""What a caller may present instead of a password: signed access tokens."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

import jwt
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from merx.infra.clock import SystemClock
from merx.infra.keys import KeyRing, SigningKey
from merx.kernel import base64url
from merx.kernel.actor import Actor, ActorKind, Proof, ProofLevel
from merx.kernel.errors import Unauthenticated
from merx.kernel.ids import new_id
from merx.kernel.ports import Clock

# Clocks of two hosts differ; without a margin a token made "in the future" is refused (RFC 8725 §3.8 leaves it open).
LEEWAY_SECONDS = 60
MAX_TOKEN = 4096
MAX_REMEMBERED = 4096
# A key that was taken away stops within this time; a new one is looked for as soon as a token names it.
LOOK_AGAIN_SECONDS = 30.0
LOOK_SOON_SECONDS = 1.0


class InvalidToken(Unauthenticated):
    slug = "auth.invalid-token"
    title = "The access token is not valid"


class ExpiredToken(Unauthenticated):
    slug = "auth.expired-token"
    title = "The access token has expired"


_Moment = Annotated[int, msgspec.Meta(ge=0, le=2**40)]


class _Act(msgspec.Struct, frozen=True):
    """Who acts in the place of the subject (RFC 8693 §4.1)."""

    sub: UUID


class _Claims(msgspec.Struct, frozen=True):
    iss: str
    aud: str
    sub: UUID
    exp: _Moment
    iat: _Moment
    jti: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    kind: Literal["customer", "staff"]
    scope: str = ""
    sid: UUID | msgspec.UnsetType = msgspec.UNSET
    # RFC 9068 §2.2.1: when, how and how well the owner proved to be one.
    auth_time: _Moment | msgspec.UnsetType = msgspec.UNSET
    amr: tuple[str, ...] = ()
    acr: ProofLevel = ProofLevel.full
    act: _Act | msgspec.UnsetType = msgspec.UNSET


_claims = msgspec.json.Decoder(_Claims)
_jws = jwt.PyJWS(algorithms=["EdDSA"])


class AccessTokens:
    """Issues and verifies JWTs (RFC 9068, `at+jwt`) with one algorithm, EdDSA, and the keys of a ring.

    The newest key signs. Tokens of the others are good until they expire.
    """

    def __init__(
        self,
        keys: Ed25519PrivateKey | KeyRing,
        *,
        issuer: str,
        audience: str,
        clock: Clock,
        remember: int = MAX_REMEMBERED,
    ) -> None:
        self._ring = keys if isinstance(keys, KeyRing) else KeyRing([SigningKey(keys)])
        self._issuer = issuer
        self._audience = audience
        self._remember = remember
        # Asked at every request: the system clock's own number costs a fifth of a datetime.
        self.seconds = time.time if isinstance(clock, SystemClock) else lambda: clock.now().timestamp()
        self._known: OrderedDict[str, tuple[Actor, int]] = OrderedDict()
        self._looked_at = self.seconds()
        self._take_keys()

    def _take_keys(self) -> None:
        self._key = self._ring.signing(datetime.fromtimestamp(self._looked_at, UTC))
        self._header = _header(self._key)
        # Every token of ours starts with the bytes of one of these. Comparing them closes algorithm confusion, `kid`,
        # `jku` and `crit` tricks before anything in the token is parsed. They are all of one length.
        self._public = {_prefix(each.key): each.key.public_key() for each in self._ring.keys}
        self._prefix_length = len(next(iter(self._public)))
        self._known.clear()

    def _look(self, now: float) -> None:
        self._looked_at = now
        if self._ring.renew() or self._ring.signing(datetime.fromtimestamp(now, UTC)) is not self._key:
            self._take_keys()

    def issue(
        self,
        account_id: UUID,
        kind: ActorKind,
        permissions: Iterable[str] = (),
        *,
        ttl: int = 300,
        session_id: UUID | None = None,
        proof: Proof | None = None,
        impersonator: UUID | None = None,
    ) -> str:
        """A token for a customer or a member of staff that lives `ttl` seconds.

        Without a `proof` whoever asks for the token vouches for its owner, just now. `impersonator` is the member of
        staff who gets it instead of the owner.
        """
        now = int(self.seconds())
        proof = proof or Proof(at=now)
        if now >= self._looked_at + LOOK_AGAIN_SECONDS:
            self._look(now)
        claims = _Claims(
            iss=self._issuer,
            aud=self._audience,
            sub=account_id,
            exp=now + ttl,
            iat=now,
            jti=new_id().hex,
            kind=_wire_kind(kind),
            scope=" ".join(sorted(permissions)),
            sid=msgspec.UNSET if session_id is None else session_id,
            auth_time=proof.at,
            amr=proof.methods,
            acr=proof.level,
            act=msgspec.UNSET if impersonator is None else _Act(impersonator),
        )
        return _jws.encode(msgspec.json.encode(claims), self._key, algorithm="EdDSA", headers=self._header)

    def verify(self, token: str) -> Actor:
        """Who the token speaks for. Raises InvalidToken or ExpiredToken and nothing else."""
        now = self.seconds()
        if now >= self._looked_at + LOOK_AGAIN_SECONDS:
            self._look(now)
        known = self._known.get(token)
        if known is None:
            known = self._check(token, now)
            self._known[token] = known
            if len(self._known) > self._remember:
                self._known.popitem(last=False)
        actor, expires = known
        if now >= expires + LEEWAY_SECONDS:
            self._known.pop(token, None)
            raise ExpiredToken
        return actor

    def _check(self, token: str, now: float) -> tuple[Actor, int]:
        if len(token) > MAX_TOKEN or not token.isascii():
            raise InvalidToken
        public = self._public.get(token[: self._prefix_length])
        if public is None and now >= self._looked_at + LOOK_SOON_SECONDS:
            # Another process may have seen a new key first.
            self._look(now)
            public = self._public.get(token[: self._prefix_length])
        if public is None:
            raise InvalidToken
        try:
            claims = _claims.decode(_jws.decode(token, public, algorithms=["EdDSA"]))
        except (jwt.PyJWTError, msgspec.MsgspecError, ValueError, RecursionError):
            raise InvalidToken from None
        if (
            claims.iss != self._issuer
            or claims.aud != self._audience
            or claims.iat > now + LEEWAY_SECONDS
            or claims.exp <= claims.iat
            or (claims.auth_time or 0) > now + LEEWAY_SECONDS
        ):
            raise InvalidToken
        actor = Actor(
            kind=ActorKind(claims.kind),
            account_id=claims.sub,
            permissions=frozenset(claims.scope.split()),
            session_id=claims.sid or None,
            impersonator=claims.act.sub if claims.act else None,
            # A token of an earlier version says nothing of it: good for what needs no fresh proof.
            proof=Proof(at=claims.auth_time, methods=claims.amr, level=claims.acr) if claims.auth_time else None,
        )
        return actor, claims.exp

    def public_keys(self) -> list[dict[str, str]]:
        """Of all keys whose tokens are good, for other services (RFC 7517, RFC 8037); the newest comes last."""
        return [_jwk(public) for public in self._public.values()]


def _header(key: Ed25519PrivateKey) -> dict[str, str]:
    return {"typ": "at+jwt", "kid": key_id(key.public_key())}


def _prefix(key: Ed25519PrivateKey) -> str:
    return _jws.encode(b"", key, algorithm="EdDSA", headers=_header(key)).split(".", 1)[0] + "."


def _jwk(key: Ed25519PublicKey) -> dict[str, str]:
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": base64url.encode(raw),
        "kid": key_id(key),
        "use": "sig",
        "alg": "EdDSA",
    }


def _wire_kind(kind: ActorKind) -> Literal["customer", "staff"]:
    if kind is ActorKind.customer:
        return "customer"
    if kind is ActorKind.staff:
        return "staff"
    raise ValueError(f"no access token can speak for {kind}")


def key_id(key: Ed25519PublicKey) -> str:
    """Names a key without revealing more than the public half."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:16]
