"""The refresh token of a browser that keeps it in a cookie."""

from litestar.exceptions import ValidationException
from litestar.types import Scope

from merx.contexts.identity.domain.session import RefreshToken
from merx.infra.http.cookies import BY_COOKIE, CookieMode


def refresh_token_in(scope: Scope, cookie_mode: CookieMode) -> str:
    """The token that a page of the shop sent along, and wanted to. The answer comes as cookies then, too.

    Raises ValidationException without a cookie, UnknownOrigin, WrongCsrfToken, and InvalidRefreshToken.
    """
    by_name = dict(scope["headers"])
    sent = cookie_mode.refresh(by_name)
    if sent is None:
        raise ValidationException(extra=[{"message": "is required", "key": "data", "source": "body"}])
    text = sent.decode("latin-1")
    # The access token may be gone for hours: the session is the one that the token names, and that it has to prove.
    cookie_mode.check(by_name, RefreshToken.parse(text).session_id)
    scope["state"][BY_COOKIE] = True
    return text
