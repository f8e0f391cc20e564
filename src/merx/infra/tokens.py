"""What a caller may present instead of a password: signed access tokens, and the unguessable tokens of guests."""

import base64
import contextlib
import hashlib
import hmac
import os
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import jwt
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from merx.infra.clock import SystemClock
from merx.infra.settings import Settings
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.errors import Unauthenticated
from merx.kernel.ids import new_id
from merx.kernel.ports import Clock

# Clocks of two hosts differ; without a margin a token made "in the future" is refused (RFC 8725 §3.8 leaves it open).
LEEWAY_SECONDS = 60
MAX_TOKEN = 4096
MAX_REMEMBERED = 4096


class InvalidToken(Unauthenticated):
    slug = "auth.invalid-token"
    title = "The access token is not valid"


class ExpiredToken(Unauthenticated):
    slug = "auth.expired-token"
    title = "The access token has expired"


class Keys(msgspec.Struct, frozen=True):
    """`secret` signs guest tokens, `signing` signs access tokens. All processes of a shop share both."""

    secret: bytes
    signing: Ed25519PrivateKey

    def __repr__(self) -> str:
        return "Keys(***)"


def ensure_keys(folder: Path) -> Keys:
    """The keys in `folder` (`secret`, `token.pem`, both mode 0600), made on first use; safe from several processes."""
    folder.mkdir(parents=True, exist_ok=True)
    _create(folder / "secret", lambda: secrets.token_urlsafe(32).encode())
    _create(folder / "token.pem", lambda: _pem(Ed25519PrivateKey.generate()))
    return Keys((folder / "secret").read_bytes().strip(), _signing_key(folder / "token.pem"))


def load_keys(settings: Settings) -> Keys:
    """The configured keys. Development makes its own: in the data folder, or for the life of a memory-only process."""
    if not settings.production and settings.storage == "memory" and not settings.data_dir:
        own = Keys(secrets.token_bytes(32), Ed25519PrivateKey.generate())
    elif not settings.production and not (settings.token_key_file and (settings.secret or settings.secret_file)):
        own = ensure_keys(settings.folder)
    else:
        own = None
    if settings.secret_file:
        secret = Path(settings.secret_file).read_bytes().strip()
    else:
        secret = settings.secret.encode() or (own.secret if own else b"")
    signing = _signing_key(Path(settings.token_key_file)) if settings.token_key_file else (own.signing if own else None)
    if len(secret) < 32 or signing is None:
        raise ValueError("a secret of 32 bytes and a token key are needed: see MERX_SECRET and MERX_TOKEN_KEY_FILE")
    return Keys(secret, signing)


def _create(path: Path, content: Callable[[], bytes]) -> None:
    """Write once. The link makes a half-written key impossible and lets the first of two processes win."""
    if path.exists():
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content())
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()


def _pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _signing_key(path: Path) -> Ed25519PrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError(f"{path} holds no Ed25519 private key")
    return key


_Moment = Annotated[int, msgspec.Meta(ge=0, le=2**40)]


class _Claims(msgspec.Struct, frozen=True):
    iss: str
    aud: str
    sub: UUID
    exp: _Moment
    iat: _Moment
    jti: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    kind: Literal["customer", "staff"]
    scope: str = ""


_claims = msgspec.json.Decoder(_Claims)
_jws = jwt.PyJWS(algorithms=["EdDSA"])


class AccessTokens:
    """Issues and verifies JWTs (RFC 9068, `at+jwt`) with one algorithm, EdDSA."""

    def __init__(self, key: Ed25519PrivateKey, *, issuer: str, audience: str, clock: Clock) -> None:
        self._key = key
        self._public: Ed25519PublicKey = key.public_key()
        self._issuer = issuer
        self._audience = audience
        # Asked at every request: the system clock's own number costs a fifth of a datetime.
        self._seconds = time.time if isinstance(clock, SystemClock) else lambda: clock.now().timestamp()
        self._header = {"typ": "at+jwt", "kid": key_id(self._public)}
        # Every token of ours starts with these bytes. Comparing them closes algorithm confusion, `kid`, `jku` and
        # `crit` tricks before anything in the token is parsed.
        self._prefix = _jws.encode(b"", key, algorithm="EdDSA", headers=self._header).split(".", 1)[0] + "."
        self._known: OrderedDict[str, tuple[Actor, int]] = OrderedDict()

    def issue(self, account_id: UUID, kind: ActorKind, permissions: Iterable[str] = (), *, ttl: int = 300) -> str:
        """A token for a customer or a member of staff that lives `ttl` seconds."""
        now = int(self._seconds())
        claims = _Claims(
            iss=self._issuer,
            aud=self._audience,
            sub=account_id,
            exp=now + ttl,
            iat=now,
            jti=new_id().hex,
            kind=_wire_kind(kind),
            scope=" ".join(sorted(permissions)),
        )
        return _jws.encode(msgspec.json.encode(claims), self._key, algorithm="EdDSA", headers=self._header)

    def verify(self, token: str) -> Actor:
        """Who the token speaks for. Raises InvalidToken or ExpiredToken and nothing else."""
        now = self._seconds()
        known = self._known.get(token)
        if known is None:
            known = self._check(token, now)
            self._known[token] = known
            if len(self._known) > MAX_REMEMBERED:
                self._known.popitem(last=False)
        actor, expires = known
        if now >= expires + LEEWAY_SECONDS:
            self._known.pop(token, None)
            raise ExpiredToken
        return actor

    def _check(self, token: str, now: float) -> tuple[Actor, int]:
        if len(token) > MAX_TOKEN or not token.startswith(self._prefix) or not token.isascii():
            raise InvalidToken
        try:
            claims = _claims.decode(_jws.decode(token, self._public, algorithms=["EdDSA"]))
        except (jwt.PyJWTError, msgspec.MsgspecError, ValueError, RecursionError):
            raise InvalidToken from None
        if (
            claims.iss != self._issuer
            or claims.aud != self._audience
            or claims.iat > now + LEEWAY_SECONDS
            or claims.exp <= claims.iat
        ):
            raise InvalidToken
        actor = Actor(kind=ActorKind(claims.kind), account_id=claims.sub, permissions=frozenset(claims.scope.split()))
        return actor, claims.exp

    def public_jwk(self) -> dict[str, str]:
        """The public key for other services (RFC 8037)."""
        raw = self._public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": _base64(raw),
            "kid": key_id(self._public),
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


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class GuestTokens:
    """Tokens that open one guest's cart or order.

    They are computed, not stored: a replayed checkout can hand out the same token again.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 32:
            raise ValueError("the secret must have 32 bytes or more")
        # Both keyed halves of HMAC are copied, not made again for each token: every cart request checks one.
        key = (secret if len(secret) <= 64 else hashlib.sha256(secret).digest()).ljust(64, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in key))

    def issue(self, kind: str, subject_id: UUID) -> str:
        """The token of one thing: `issue("cart", cart_id)`."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(f"{kind}:{subject_id}".encode())
        outer.update(inner.digest())
        return _base64(outer.digest())

    def check(self, kind: str, subject_id: UUID, token: str | None) -> bool:
        """In constant time; None and any other text are simply wrong."""
        if not token or len(token) > 64:
            return False
        return hmac.compare_digest(self.issue(kind, subject_id).encode(), token.encode("utf-8", "surrogatepass"))
