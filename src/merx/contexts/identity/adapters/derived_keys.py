"""Keys of identity that follow from the secret of the shop."""

from uuid import UUID

from merx.infra.guest_tokens import GuestTokens


def rotation_key(tokens: GuestTokens) -> bytes:
    """The key that leads from one refresh token to the next, derived from the shop's secret."""
    return tokens.issue("refresh-token-rotation", UUID(int=0)).encode()


def throttle_key(tokens: GuestTokens) -> bytes:
    """The key of the digests under which attempts are counted, derived from the shop's secret."""
    return tokens.issue("sign-in-throttle", UUID(int=0)).encode()


def digest_key(tokens: GuestTokens) -> bytes:
    """The key of the digests that stand for e-mails in the audit trail, derived from the shop's secret."""
    return tokens.issue("audit-email", UUID(int=0)).encode()
