"""The secret that one browser holds in a cookie while it is away at a provider."""

import re
import secrets

from litestar.datastructures import Cookie

# The flow, the minute to collect its outcome, and some for slow networks.
MAX_AGE_SECONDS = 15 * 60
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}\Z")


class BrowserSecrets:
    """`https`: the shop is reached by it, so only this host can have set the cookie (`__Host-`).

    A secret that is there is kept, so that two tabs can sign in at once. Lax: the way back from a provider is a
    navigation from elsewhere.
    """

    def __init__(self, *, https: bool) -> None:
        self._https = https
        self._name = "__Host-merx-browser" if https else "merx-browser"

    def given(self, header: str | None) -> str | None:
        """The secret in a `Cookie` header; None when there are two, of which one was put there by somebody else."""
        # Only blanks are cut off: a wider idea of white space would make the name out of one that a neighbouring domain
        # may set.
        parts = [part.strip(" \t").partition("=") for part in (header or "").split(";")]
        found = {value for name, _, value in parts if name == self._name}
        secret = found.pop() if len(found) == 1 else ""
        return secret if _SECRET.match(secret) else None

    def given_or_new(self, header: str | None) -> str:
        return self.given(header) or secrets.token_urlsafe(32)

    def cookie(self, secret: str) -> Cookie:
        return Cookie(
            key=self._name,
            value=secret,
            path="/",
            max_age=MAX_AGE_SECONDS,
            secure=self._https,
            httponly=True,
            samesite="lax",
        )
