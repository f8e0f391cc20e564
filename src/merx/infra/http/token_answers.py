"""Answers that hand out tokens, as the caller wants them: in the body, or as cookies that no script can read.

A view with an `access_token` and `expires_in` (RFC 6749 §5.1) hands out tokens, on whatever route it is answered: no
route can forget to. What came as a cookie is renewed as a cookie, whatever the request says, or a script that got into
a page could ask for it.
"""

from typing import Any, Literal

import msgspec
from litestar import Litestar, Request, Response
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse
from litestar.routes import HTTPRoute
from litestar.types import Receive, Scope, Send

from merx.infra.http.asgi import send_answer
from merx.infra.http.auth import actor_of, route_rules
from merx.infra.http.cookies import BY_COOKIE, MODE_HEADER, SAFE_METHODS, CookieMode, NoSession
from merx.infra.http.handler_hooks import responder_of, set_before_request, set_responder
from merx.infra.http.once import once_of
from merx.infra.http.problems import RawHeaders
from merx.infra.http.responses import Encoded
from merx.infra.tokens import AccessTokens
from merx.kernel.model import View

_FIELDS = {"access_token", "expires_in"}
_SECRETS = ("access_token", "refresh_token")
_ENDS_SESSION = "ends_session"
_Request = Request[Any, Any, Any]


class CookieSession(View, frozen=True):
    """In cookie mode, in the place of the tokens; whatever else an answer says beside them stays.

    `csrf_token` goes into `X-CSRF-Token` of every change.
    """

    csrf_token: str
    expires_in: int
    token_type: Literal["Cookie"]

    def __repr__(self) -> str:
        return "CookieSession(***)"


def ends_session() -> dict[str, Any]:
    """Arguments for a route decorator: the browser forgets its cookies with the answer 204."""
    return {_ENDS_SESSION: True}


def hands_out_tokens(handler: HTTPRouteHandler) -> bool:
    kind = handler.parsed_fn_signature.return_type
    return any(_is_tokens(each.annotation) for each in (kind, *kind.inner_types))


def _is_tokens(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct) and set(kind.__struct_fields__) >= _FIELDS


def settle_token_answers(app: Litestar, cookies: CookieMode, access_tokens: AccessTokens) -> None:
    """Teach cookie mode to all routes that hand out tokens or end a session. Call after `settle_routes`.

    Raises RuntimeError for a route that would keep tokens in its stored answers, or past cookie mode.
    """
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        for method, (handler, _) in route.route_handler_map.items():
            if handler.opt.get(_ENDS_SESSION):
                _settle_end(handler, cookies)
            elif hands_out_tokens(handler):
                if once_of(handler) is not None:
                    raise RuntimeError(f"{route.path_format} hands out tokens and must not keep its answers")
                if handler.parsed_fn_signature.return_type.is_subclass_of(Response):
                    raise RuntimeError(f"{route.path_format} hands out tokens: answer the view itself, not a Response")
                _settle_tokens(handler, str(method), cookies, access_tokens)


def _settle_tokens(handler: HTTPRouteHandler, method: str, cookies: CookieMode, access_tokens: AccessTokens) -> None:
    before = handler.resolve_before_request()
    usual = responder_of(handler)
    # Elsewhere the tokens come from a sign-in of this moment.
    renews = all(rule.name != "public" for rule in route_rules(handler))

    async def checked(request: _Request) -> Any:
        # Before any work is done. A page that is only navigated to sends no origin, and cannot ask for a mode.
        by_name = dict(request.scope["headers"])
        if method not in SAFE_METHODS and cookies.check_wanted(by_name):
            actor = actor_of(request)
            if renews and actor.account_id is not None and actor.session_id is None:
                raise NoSession
            request.scope["state"][BY_COOKIE] = True
        return await before(request) if before is not None else None

    async def respond(app: Litestar, data: Any, request: _Request) -> Any:
        if _is_tokens(type(data)) and request.scope["state"].get(BY_COOKIE):
            return _as_cookies(data, cookies, access_tokens)
        return await usual(app=app, data=data, request=request)

    set_before_request(handler, checked)
    set_responder(handler, respond)


def _as_cookies(tokens: Any, cookies: CookieMode, access_tokens: AccessTokens) -> ASGIResponse:
    session_id = access_tokens.verify(tokens.access_token).session_id
    if session_id is None:
        raise RuntimeError("a token without a session cannot be a cookie: nothing would tell who wanted a change")
    said = {name: value for name, value in msgspec.structs.asdict(tokens).items() if name not in _SECRETS}
    said |= {"csrf_token": cookies.csrf_token(session_id), "token_type": "Cookie"}
    headers = [cookies.access_cookie(tokens.access_token, tokens.expires_in)]
    if hasattr(tokens, "refresh_token"):
        headers.append(cookies.refresh_cookie(tokens.refresh_token, tokens.refresh_expires_in))
    return Encoded(msgspec.json.encode(said), headers=headers)


class _Forgotten(ASGIResponse):
    """204, and the browser has no cookie of ours any more."""

    def __init__(self, headers: RawHeaders) -> None:
        self.status_code = 204
        self._cookies = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send_answer(send, self.status_code, [*self._cookies])


def _settle_end(handler: HTTPRouteHandler, cookies: CookieMode) -> None:
    usual = responder_of(handler)

    async def respond(app: Litestar, data: Any, request: _Request) -> Any:
        if request.scope["state"].get(BY_COOKIE):
            return _Forgotten(cookies.cleared())
        return await usual(app=app, data=data, request=request)

    set_responder(handler, respond)


def describe_token_answer(operation: dict[str, Any]) -> None:
    """Add cookie mode to an operation of the OpenAPI document."""
    operation.setdefault("parameters", []).append(
        {
            "name": MODE_HEADER.decode().title(),
            "in": "header",
            "required": False,
            "description": "`cookie`: the tokens come as `HttpOnly` cookies and the body has none. Only for pages of "
            "the shop: `Origin` must be one of them, else the answer is 403.",
            "schema": {"type": "string", "enum": ["body", "cookie"], "default": "body"},
        }
    )
    for status, answer in operation["responses"].items():
        content = answer.get("content", {}).get("application/json") if status.startswith("2") else None
        if content is not None:
            known = content["schema"].get("oneOf") or [content["schema"]]
            content["schema"] = {"oneOf": [*known, {"$ref": "#/components/schemas/CookieSession"}]}
