"""Headers that every answer carries, also one that no application made."""

from merx.infra.http.problems import RawHeaders

NO_STORE = (b"cache-control", b"no-store")
POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
SECURITY: RawHeaders = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
]
HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


def security_headers(*, https: bool) -> RawHeaders:
    """`https` when the shop is reached by it."""
    return [*SECURITY, HSTS] if https else SECURITY
