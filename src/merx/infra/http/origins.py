"""Pages of which origins may talk to the shop from a browser: CORS (Fetch standard §3.2), and the list against forgery.

An origin is compared as the browser writes it, byte for byte. Nothing is cut off or added, so no look-alike fits.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from merx.infra.http.auth import GUEST_HEADERS
from merx.infra.http.inbound import Refused, refusal
from merx.infra.http.problems import RawHeaders
from merx.infra.http.server import header_lines

METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE"
REQUEST_HEADERS = ", ".join(
    (
        "Authorization",
        "Content-Type",
        "Idempotency-Key",
        "If-Match",
        "If-None-Match",
        "Traceparent",
        "X-CSRF-Token",
        "X-Request-Id",
        "X-Token-Mode",
        *(name.title() for name in GUEST_HEADERS.values()),
    )
).encode()
# What a script may read besides the content type and the like.
ANSWER_HEADERS = (
    b"ETag, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, X-Request-Id, Idempotency-Replayed"
)
# Browsers ask again after that time; a new origin or header reaches them as fast.
PREFLIGHT_SECONDS = 600
VARY = (b"vary", b"Origin")

_UNKNOWN = refusal(
    403, "request.unknown-origin", "Unknown origin", "Pages of this origin may not call: see MERX_CORS_ORIGINS."
)
_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> str:
    """The origin of an address, as a browser says it (RFC 6454 §6.2)."""
    parts = urlsplit(url)
    host = (
        (parts.hostname or "").encode("idna").decode() if ":" not in (parts.hostname or "") else f"[{parts.hostname}]"
    )
    port = "" if parts.port in (None, _PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


class Origins:
    """From where a browser may change something in the name of whoever is signed in with cookies."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self._allowed = frozenset(origin.encode() for origin in allowed)
        self._pages = tuple(origin + b"/" for origin in self._allowed)

    def sent(self, by_name: dict[bytes, bytes]) -> bool:
        """Whether one of the pages sent the request. Old browsers and some proxies leave `Origin` out: then `Referer`
        says it. A request that says neither is nobody's."""
        origin = by_name.get(b"origin")
        if origin is not None:
            return origin in self._allowed
        referer = by_name.get(b"referer", b"")
        return referer in self._allowed or referer.startswith(self._pages)


class Cors:
    """What pages of a fixed list of origins may read. Others get no header, and their browser shows them nothing.

    Every answer to a sound request says that it depends on the origin, also to callers without one: a cache in between
    would hand on the answer for one page to another.
    """

    def __init__(self, origins: Iterable[str]) -> None:
        self._headers: dict[bytes | None, RawHeaders] = {
            origin.encode(): [
                (b"access-control-allow-origin", origin.encode()),
                (b"access-control-allow-credentials", b"true"),
                (b"access-control-expose-headers", ANSWER_HEADERS),
            ]
            for origin in origins
        }
        # The same as it goes to the wire, for answers that are one piece of bytes.
        self.lines: dict[bytes | None, bytes] = {origin: header_lines(each) for origin, each in self._headers.items()}

    def add(self, headers: RawHeaders, origin: bytes | None) -> None:
        """Complete the headers of an answer."""
        for place, (name, value) in enumerate(headers):
            if name == b"vary":
                headers[place] = (name, value + b", Origin")
                break
        else:
            headers.append(VARY)
        if origin is not None:
            headers += self._headers.get(origin, ())

    def knows(self, origin: bytes | None) -> bool:
        return origin in self._headers


def is_preflight(by_name: dict[bytes, bytes]) -> bool:
    """For a request with the method OPTIONS: a browser asks before it sends what a form could not send."""
    return b"origin" in by_name and b"access-control-request-method" in by_name


def preflight(cors: Cors | None, origin: bytes | None) -> RawHeaders:
    """What is allowed, besides the headers of every answer. Raises Refused for a page that may not call."""
    if cors is None or not cors.knows(origin):
        raise Refused(_UNKNOWN)
    return [
        (b"access-control-allow-methods", METHODS),
        (b"access-control-allow-headers", REQUEST_HEADERS),
        (b"access-control-max-age", b"%d" % PREFLIGHT_SECONDS),
    ]
