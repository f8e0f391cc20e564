"""Signing in and out over HTTP. The middleware marks every answer that says nothing else `no-store` (RFC 6749 §5.1)."""

import asyncio

from litestar import Controller, post
from litestar.datastructures import Headers
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody
from litestar.types import Scope

from merx.contexts.identity.adapters.refresh_cookie import refresh_token_in
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.usecases.ask_for_factor import MfaChallenge
from merx.contexts.identity.usecases.login import Login, LoginHandler
from merx.contexts.identity.usecases.logout import Logout, LogoutHandler
from merx.contexts.identity.usecases.refresh import Refresh, RefreshHandler
from merx.contexts.identity.usecases.register import Register, RegisterHandler
from merx.contexts.identity.usecases.tokens import Tokens
from merx.infra.http.auth import public
from merx.infra.http.cookies import CookieMode
from merx.infra.http.route_classes import RouteClass, limited
from merx.infra.http.token_answers import ends_session
from merx.kernel.model import View


class Registration(View, frozen=True):
    """The same for a new and for a known e-mail: who is a customer here is nobody else's business."""

    status: str = "accepted"


async def caller_of(scope: Scope) -> Caller:
    # What came before takes as long as a page, and so does what follows: pages are served in between.
    await asyncio.sleep(0)
    client = scope.get("client")
    address = scope["state"].get("client") or (client[0] if client else "")
    request_id = scope["state"].get("request_id", "")
    return Caller.of(str(address), Headers.from_scope(scope).get("user-agent", ""), request_id)


class AuthController(Controller):
    path = "/auth"
    tags = ["auth"]
    opt = limited(RouteClass.login)
    dependencies = {"caller": Provide(caller_of)}

    @post("/register", guards=[public], status_code=202, operation_id="Register", summary="Become a customer")
    async def register(
        self,
        data: JSONBody[Register],
        caller: NamedDependency[Caller],
        register_customer: NamedDependency[RegisterHandler],
    ) -> Registration:
        await register_customer(data, caller)
        return Registration()

    @post("/login", guards=[public], status_code=200, operation_id="Login", summary="Sign in")
    async def login(
        self, data: JSONBody[Login], caller: NamedDependency[Caller], login: NamedDependency[LoginHandler]
    ) -> Tokens | MfaChallenge:
        """Tokens, or the question for a second factor: then the answer has an `mfa_token`."""
        return await login(data, caller)

    # Too long to guess, and every device comes for one each few minutes.
    @post(
        "/refresh",
        guards=[public],
        status_code=200,
        operation_id="Refresh",
        summary="Trade a refresh token",
        **limited(RouteClass.write),
    )
    async def refresh(
        self,
        scope: Scope,
        cookie_mode: NamedDependency[CookieMode],
        caller: NamedDependency[Caller],
        refresh_tokens: NamedDependency[RefreshHandler],
        data: JSONBody[Refresh | None] = None,
    ) -> Tokens:
        """Without a body the refresh token is that of the cookie."""
        given = data or Refresh(refresh_token=refresh_token_in(scope, cookie_mode))
        return await refresh_tokens(given, caller)

    @post(
        "/logout",
        guards=[public],
        status_code=204,
        operation_id="Logout",
        summary="End this device's session",
        **limited(RouteClass.write),
        **ends_session(),
    )
    async def logout(
        self,
        scope: Scope,
        cookie_mode: NamedDependency[CookieMode],
        caller: NamedDependency[Caller],
        logout: NamedDependency[LogoutHandler],
        data: JSONBody[Logout | None] = None,
    ) -> None:
        """Without a body it is the session of the cookie."""
        await logout(data or Logout(refresh_token=refresh_token_in(scope, cookie_mode)), caller)
