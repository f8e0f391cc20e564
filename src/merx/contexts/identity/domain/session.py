"""One sign-in on one device: a family of refresh tokens of which only the newest opens the door.

A refresh token names its session, its generation and a secret. The next secret is a keyed digest of the one before, so
- only the hash of the newest is stored, in one row a session;
- a client that lost the answer to a refresh gets the *same* successor again, for a few seconds;
- an older token can be told from a forged one, up to MAX_BEHIND generations back: forged is refused, older means that
  somebody copied it, and the whole family ends. One older still is refused like a forged one.
Whoever steals a token cannot compute the next one without the server's key.
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self
from uuid import UUID

import msgspec

from merx.contexts.identity.domain.errors import InvalidRefreshToken
from merx.kernel import base64url
from merx.kernel.ids import new_id

PREFIX = "mx_rt_"
ABSOLUTE_LIFE = timedelta(days=30)
IDLE_LIFE = timedelta(days=14)
# Mobile networks lose answers; a retry within this time is no theft.
GRACE = timedelta(seconds=20)
# More than a refresh every five minutes for the absolute life.
MAX_GENERATION = 10_000
# Bounds the work for a token that claims to be old: each generation between costs a keyed digest on the event loop.
MAX_BEHIND = 50
_SECRET = 32
_LENGTH = 16 + 4 + _SECRET


class RefreshToken(msgspec.Struct, frozen=True):
    session_id: UUID
    generation: int
    secret: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises InvalidRefreshToken for anything that we cannot have issued."""
        if not text.startswith(PREFIX) or len(text) > 128:
            raise InvalidRefreshToken
        body = text.removeprefix(PREFIX)
        try:
            raw = base64url.decode(body)
        except ValueError:
            raise InvalidRefreshToken from None
        if len(raw) != _LENGTH:
            raise InvalidRefreshToken
        return cls(UUID(bytes=raw[:16]), int.from_bytes(raw[16:20], "big"), raw[20:])

    def text(self) -> str:
        raw = self.session_id.bytes + self.generation.to_bytes(4, "big") + self.secret
        return PREFIX + base64url.encode(raw)

    def __repr__(self) -> str:
        return "RefreshToken(***)"


class Rotation(StrEnum):
    rotated = "rotated"
    repeated = "repeated"
    reused = "reused"


class EndReason(StrEnum):
    signed_out = "signed-out"
    reused = "reused"
    revoked = "revoked"
    everywhere = "everywhere"
    disabled = "disabled"
    account_closed = "account-closed"
    password_changed = "password-changed"  # noqa: S105 - a reason, no secret


class Session(msgspec.Struct, kw_only=True, eq=False):
    """`methods` are all that its owner proved herself with, `proved_at` is when she did last."""

    id: UUID
    account_id: UUID
    generation: int
    token_hash: bytes
    user_agent: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    end_reason: EndReason | None = None
    methods: tuple[str, ...] = ()
    proved_at: datetime

    @classmethod
    def start(
        cls, account_id: UUID, now: datetime, user_agent: str, methods: tuple[str, ...] = ()
    ) -> tuple[Self, RefreshToken]:
        secret = secrets.token_bytes(_SECRET)
        session = cls(
            id=new_id(),
            account_id=account_id,
            generation=0,
            token_hash=_digest(secret),
            user_agent=user_agent,
            created_at=now,
            used_at=now,
            expires_at=now + IDLE_LIFE,
            methods=methods,
            proved_at=now,
        )
        return session, RefreshToken(session.id, 0, secret)

    def __repr__(self) -> str:
        return f"Session({self.id})"

    def rotate(self, given: RefreshToken, key: bytes, now: datetime) -> tuple[Rotation, RefreshToken | None]:
        """Trade a token for its successor.

        `rotated`: the session moved on. `repeated`: it had already, moments ago; here is the same successor. `reused`:
        an old token turned up, the session is over now and whoever holds its tokens must sign in. Save in the first
        and last case. Raises InvalidRefreshToken for a forged token and for a session that is over.
        """
        if not self.is_alive(now):
            raise InvalidRefreshToken
        behind = self.generation - given.generation
        newest = self._newest_from(given, key)
        if newest is None:
            raise InvalidRefreshToken
        if behind == 0:
            return Rotation.rotated, self._advance(newest, key, now)
        if behind == 1 and now - self.used_at <= GRACE:
            return Rotation.repeated, RefreshToken(self.id, self.generation, newest)
        self.end(EndReason.reused, now)
        return Rotation.reused, None

    def prove(self, method: str, now: datetime) -> None:
        """Its owner showed once more who she is."""
        if method not in self.methods:
            self.methods = (*self.methods, method)
        self.proved_at = now

    def is_alive(self, now: datetime) -> bool:
        return self.ended_at is None and now < self.expires_at

    def owns(self, given: RefreshToken, key: bytes) -> bool:
        """Whether this session issued the token, now or at most MAX_BEHIND generations ago."""
        return self._newest_from(given, key) is not None

    def end(self, reason: EndReason, now: datetime) -> None:
        """The first end counts."""
        if self.ended_at is None:
            self.ended_at, self.end_reason = now, reason

    def _newest_from(self, given: RefreshToken, key: bytes) -> bytes | None:
        """The secret of the newest generation, computed from the given one; None when the given one is forged."""
        behind = self.generation - given.generation
        if given.session_id != self.id or not 0 <= behind <= MAX_BEHIND:
            return None
        secret = given.secret
        for _ in range(behind):
            secret = _next(secret, key)
        return secret if hmac.compare_digest(_digest(secret), self.token_hash) else None

    def _advance(self, secret: bytes, key: bytes, now: datetime) -> RefreshToken:
        if self.generation >= MAX_GENERATION:
            raise InvalidRefreshToken
        successor = _next(secret, key)
        self.generation += 1
        self.token_hash = _digest(successor)
        self.used_at = now
        self.expires_at = min(now + IDLE_LIFE, self.created_at + ABSOLUTE_LIFE)
        return RefreshToken(self.id, self.generation, successor)


def _next(secret: bytes, key: bytes) -> bytes:
    return hmac.digest(key, secret, "sha256")


def _digest(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()
