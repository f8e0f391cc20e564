"""Tokens that open what belongs to a guest: one cart, one order."""

import hashlib
import hmac
from uuid import UUID

from merx.kernel import base64url


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
        return base64url.encode(outer.digest())

    def check(self, kind: str, subject_id: UUID, token: str | None) -> bool:
        """In constant time; None and any other text are simply wrong."""
        if not token or len(token) > 64:
            return False
        return hmac.compare_digest(self.issue(kind, subject_id).encode(), token.encode("utf-8", "surrogatepass"))
