"""Cookie mode: the tokens of a shop front in cookies that no script can read (RFC 6265bis).

A browser sends cookies along whoever made it ask, so a change must show that a page of the shop wanted it: by its
origin, and by a header with a keyed digest of the session. Cookies that a neighbouring domain plants are worth nothing:
browsers let only the host itself set what begins with `__Host-`, and the digest is of this session and of no other.
"""

import re
from urllib.parse import urlsplit
from uuid import UUID

from litestar.exceptions import ValidationException
from prometheus_client import Counter

from merx.infra.guest_tokens import GuestTokens
from merx.infra.http.callers import is_loopback
from merx.infra.http.origins import Origins, origin_of
from merx.infra.http.problems import RawHeaders
from merx.infra.metrics import registry
from merx.infra.settings import Settings
from merx.infra.tokens import InvalidToken
from merx.kernel.errors import Forbidden, Invalid

CSRF_HEADER = b"x-csrf-token"
MODE_HEADER = b"x-token-mode"
# Set in scope["state"] when a cookie, and nothing else, says who is calling.
BY_COOKIE = "by_cookie"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Browsers drop a cookie that is larger, without a word; its name counts too.
MAX_COOKIE = 4096
_TOKEN = re.compile(r"[A-Za-z0-9._-]+\Z")


FORGED = Counter(
    "merx_cookie_changes_refused_total",
    "Changes by cookie that no page of the shop was shown to have wanted",
    ["missing"],
    registry=registry,
)


class UnknownOrigin(Forbidden):
    slug = "auth.unknown-origin"
    title = "Not sent by a page of the shop"


class WrongCsrfToken(Forbidden):
    slug = "auth.wrong-csrf-token"
    title = "The CSRF token is missing or not of this session"


class NoSession(Forbidden):
    """A cookie is kept for a session, and tied to it: a token that no sign-in made has none."""

    slug = "auth.no-session"
    title = "Only a sign-in can be kept in cookies"


class CookieModeOff(Forbidden):
    slug = "auth.cookie-mode-off"
    title = "Cookie mode needs https"


class TokenTooLarge(Invalid):
    slug = "auth.token-too-large"
    title = "The token does not fit into a cookie"


class CookieMode:
    """Reads and writes the two cookies, and decides whether a change that they stand for was wanted.

    `Secure` and the prefix follow from MERX_PUBLIC_URL alone. A shop on plain http has cookies on the developer's own
    machine only, and then without both: browsers would refuse them.
    """

    def __init__(self, settings: Settings, keyed: GuestTokens) -> None:
        address = urlsplit(settings.public_url)
        secure = address.scheme == "https"
        host = address.hostname or ""
        self.available = secure or host == "localhost" or (host != "" and is_loopback(host))
        prefix = "__Host-" if secure else ""
        self.access_name = f"{prefix}merx-access".encode()
        self.refresh_name = f"{prefix}merx-refresh".encode()
        # Lax, so that a link in a mail to an invoice opens it; the other one is only ever sent by a script of the shop.
        everywhere = f"; Path=/; HttpOnly{'; Secure' if secure else ''}; SameSite="
        self._access_end, self._refresh_end = f"{everywhere}Lax", f"{everywhere}Strict"
        self._keyed = keyed
        self._origins = Origins({origin_of(settings.public_url), *settings.cors_origins})

    def access(self, cookie: bytes) -> bytes | None:
        """The access token of a `Cookie` header. Raises InvalidToken when there are two."""
        return _value(cookie, self.access_name) if self.available else None

    def refresh(self, by_name: dict[bytes, bytes]) -> bytes | None:
        """The refresh token, unless the caller says otherwise who it is. Raises InvalidToken when there are two."""
        if not self.available or b"authorization" in by_name or b"cookie" not in by_name:
            return None
        return _value(by_name[b"cookie"], self.refresh_name)

    def csrf_token(self, session_id: UUID) -> str:
        return self._keyed.issue("csrf", session_id)

    def check_origin(self, by_name: dict[bytes, bytes]) -> None:
        """Raises UnknownOrigin."""
        if not self._origins.sent(by_name):
            FORGED.labels("origin").inc()
            raise UnknownOrigin("Only pages of the shop may ask this with cookies: see MERX_CORS_ORIGINS.")

    def check(self, by_name: dict[bytes, bytes], session_id: UUID | None) -> None:
        """Whether a page of the shop sent this for that session. Raises UnknownOrigin and WrongCsrfToken."""
        self.check_origin(by_name)
        given = by_name.get(CSRF_HEADER, b"").decode("latin-1")
        if session_id is None or not self._keyed.check("csrf", session_id, given):
            FORGED.labels("token").inc()
            raise WrongCsrfToken("Send X-CSRF-Token with what GET /auth/csrf answers.")

    def check_wanted(self, by_name: dict[bytes, bytes]) -> bool:
        """Whether the caller asks for cookies. Raises CookieModeOff and UnknownOrigin, and ValidationException."""
        mode = by_name.get(MODE_HEADER)
        if mode is None or mode == b"body":
            return False
        if mode != b"cookie":
            raise ValidationException(extra=[{"message": "is `cookie` or `body`", "key": "X-Token-Mode"}])
        if not self.available:
            raise CookieModeOff("MERX_PUBLIC_URL must be https, or name this machine.")
        # Else a strange page could sign its visitor in to an account of its own.
        self.check_origin(by_name)
        return True

    def access_cookie(self, token: str, seconds: int) -> tuple[bytes, bytes]:
        """The header that puts an access token into the browser. Raises TokenTooLarge."""
        return _set_cookie(self.access_name, token, seconds, self._access_end)

    def refresh_cookie(self, token: str, seconds: int) -> tuple[bytes, bytes]:
        return _set_cookie(self.refresh_name, token, seconds, self._refresh_end)

    def cleared(self) -> RawHeaders:
        """The headers that take both from the browser, the access token first."""
        return [
            _set_cookie(self.access_name, "", 0, self._access_end),
            _set_cookie(self.refresh_name, "", 0, self._refresh_end),
        ]


def _set_cookie(name: bytes, value: str, seconds: int, end: str) -> tuple[bytes, bytes]:
    if value and not _TOKEN.match(value):
        raise ValueError("no token of ours")
    if len(name) + len(value) >= MAX_COOKIE:
        raise TokenTooLarge("This account has too many permissions for a cookie. Sign in without cookie mode.")
    return b"set-cookie", f"{name.decode()}={value}; Max-Age={seconds}{end}".encode()


def _value(header: bytes, name: bytes) -> bytes | None:
    """Only blanks are cut off, byte by byte: a wider idea of white space would make one name out of two."""
    if name not in header:
        return None
    pairs = (part.partition(b"=") for part in header.split(b";"))
    found = [value.strip(b" \t") for key, _, value in pairs if key.strip(b" \t") == name]
    if len(found) > 1:
        raise InvalidToken("a cookie came twice")
    return found[0] if found else None
