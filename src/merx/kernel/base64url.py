"""Bytes as text that may stand in an address, a header and a cookie (RFC 4648 §5)."""

import base64


def encode(raw: bytes) -> str:
    """Without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """With or without padding. Raises ValueError for anything else: the same bytes have no second spelling.

    The library alone takes `+` and `/` too, and ignores bits behind the last byte.
    """
    bare = text.rstrip("=")
    raw = base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    if encode(raw) != bare:
        raise ValueError("not base64url")
    return raw
