"""Challenges of passkeys: random, signed, and good for five minutes."""

import hmac
import secrets
from datetime import UTC, datetime, timedelta
from uuid import UUID

from merx.contexts.identity.domain.errors import WrongFactor
from merx.contexts.identity.ports.passkeys import SignedChallenge

LIFE = timedelta(minutes=5)
_ID, _TIME, _TAG = 16, 8, 32


class SignedChallenges:
    """Implements Challenges: 16 random bytes, when they end, and a keyed digest of both, of purpose and account."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def issue(self, purpose: str, account_id: UUID | None, now: datetime) -> bytes:
        ends = int((now + LIFE).timestamp())
        body = secrets.token_bytes(_ID) + ends.to_bytes(_TIME, "big")
        return body + self._tag(purpose, account_id, body)

    def read(self, purpose: str, account_id: UUID | None, challenge: bytes, now: datetime) -> SignedChallenge:
        body, tag = challenge[: _ID + _TIME], challenge[_ID + _TIME :]
        if len(tag) != _TAG or not hmac.compare_digest(tag, self._tag(purpose, account_id, body)):
            raise WrongFactor
        expires_at = datetime.fromtimestamp(int.from_bytes(body[_ID:], "big"), UTC)
        if now >= expires_at:
            raise WrongFactor
        return SignedChallenge(UUID(bytes=body[:_ID]), expires_at)

    def _tag(self, purpose: str, account_id: UUID | None, body: bytes) -> bytes:
        return hmac.digest(self._key, f"{purpose}:{account_id}:".encode() + body, "sha256")
