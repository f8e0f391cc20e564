"""Signing in through a provider, over HTTP.

A browser comes by navigation: it leaves at `start`, comes back at `callback` and is led to the account page, which
collects the tokens with a code. Tokens never stand in an address, and the code stands behind `#`, which browsers send
to nobody. Logs have paths without their query.
"""

from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from litestar import Controller, Request, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Redirect

from merx.contexts.identity.adapters.http import caller_of
from merx.contexts.identity.adapters.oidc.browser import BrowserSecrets
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.domain.provider_errors import ProviderAway, ProviderNotFound
from merx.contexts.identity.domain.provider_sign_in import Purpose
from merx.contexts.identity.ports.providers import Providers, ProviderSummary
from merx.contexts.identity.usecases.ask_for_factor import MfaChallenge
from merx.contexts.identity.usecases.collect_sign_in import CollectSignIn, CollectSignInHandler
from merx.contexts.identity.usecases.finish_provider_sign_in import CameBack, FinishProviderSignInHandler
from merx.contexts.identity.usecases.start_provider_sign_in import StartProviderSignInHandler
from merx.contexts.identity.usecases.tokens import Tokens
from merx.infra.http.auth import public
from merx.infra.http.query import also_takes
from merx.infra.http.route_classes import RouteClass, limited
from merx.kernel.errors import MerxError

Asked = Request[Any, Any, Any]
ReturnTo = Annotated[
    str, QueryParameter(max_length=512, description="path of the shop to come back to, such as /orders")
]
ChallengeParameter = Annotated[
    str | None,
    QueryParameter(
        pattern=r"^[A-Za-z0-9_-]{43}\Z",
        description="S256 of a verifier (RFC 7636), for programs that do not share the browser's cookies: the outcome "
        "is collected with the verifier",
    ),
]
State = Annotated[str | None, QueryParameter(name="state", max_length=2048, description="as the provider was given it")]
ProviderCode = Annotated[str | None, QueryParameter(max_length=4096, description="traded for an ID token")]
ProviderError = Annotated[str | None, QueryParameter(name="error", max_length=256, description="why there is no code")]
Issuer = Annotated[str | None, QueryParameter(max_length=512, description="who answers (RFC 9207)")]


class AccountPage(msgspec.Struct, frozen=True):
    """The page of the shop front that a browser is led to."""

    url: str

    def led(self, **parts: str) -> Redirect:
        return Redirect(f"{self.url}/sign-in#{urlencode(parts)}", status_code=302)


class OidcController(Controller):
    path = "/auth/oidc"
    tags = ["auth"]
    opt = limited(RouteClass.login)
    dependencies = {"caller": Provide(caller_of)}

    @get("/", guards=[public], operation_id="ListSignInProviders", summary="Providers that people may sign in through")
    async def providers(self, sign_in_providers: NamedDependency[Providers]) -> list[ProviderSummary]:
        return list(sign_in_providers.summaries())

    @get(
        "/{provider:str}/start",
        guards=[public],
        status_code=302,
        operation_id="StartProviderSignIn",
        summary="Leave for a provider; for a browser's navigation",
        response_description="To the provider, or to the account page with `#error=` when the provider is away",
    )
    async def start(
        self,
        provider: FromPath[str],
        request: Asked,
        start_provider_sign_in: NamedDependency[StartProviderSignInHandler],
        browser_secrets: NamedDependency[BrowserSecrets],
        account_page: NamedDependency[AccountPage],
        return_to: ReturnTo = "/",
        challenge: ChallengeParameter = None,
    ) -> Redirect:
        browser = browser_secrets.given_or_new(request.headers.get("cookie"))
        try:
            answer = Redirect(await start_provider_sign_in(provider, return_to, challenge, browser), status_code=302)
        except ProviderAway as error:
            return account_page.led(error=error.slug)
        answer.set_cookie(browser_secrets.cookie(browser))
        return answer

    @get(
        "/{provider:str}/callback",
        guards=[public],
        status_code=302,
        operation_id="FinishProviderSignIn",
        summary="Come back from a provider; for a browser's navigation",
        response_description="To the account page with `#code=` (POST it to `/auth/oidc/exchange`) and `return_to=` "
        "(a path of the shop), with `#link=` (POST it to `/auth/identities`), or with `#error=` and a slug",
        # Providers add parameters of their own, which RFC 6749 §4.1.2 says to ignore.
        **also_takes(""),
    )
    async def callback(
        self,
        *,
        provider: FromPath[str],
        request: Asked,
        caller: NamedDependency[Caller],
        finish_provider_sign_in: NamedDependency[FinishProviderSignInHandler],
        browser_secrets: NamedDependency[BrowserSecrets],
        account_page: NamedDependency[AccountPage],
        sealed: State = None,
        code: ProviderCode = None,
        failed: ProviderError = None,
        iss: Issuer = None,
    ) -> Redirect:
        browser = browser_secrets.given(request.headers.get("cookie"))
        try:
            came = CameBack(state=sealed or None, code=code or None, error=failed, iss=iss)
            outcome = await finish_provider_sign_in(provider, came, browser, caller)
        except ProviderNotFound:
            raise
        except MerxError as error:
            return account_page.led(error=error.slug)
        if outcome.purpose is Purpose.link:
            return account_page.led(link=outcome.code)
        return account_page.led(code=outcome.code, return_to=outcome.return_to)

    @post(
        "/exchange",
        guards=[public],
        status_code=200,
        operation_id="CollectSignIn",
        summary="Collect the tokens of a sign-in through a provider, in the browser where it began",
    )
    async def exchange(
        self,
        data: JSONBody[CollectSignIn],
        request: Asked,
        caller: NamedDependency[Caller],
        browser_secrets: NamedDependency[BrowserSecrets],
        collect_sign_in: NamedDependency[CollectSignInHandler],
    ) -> Tokens | MfaChallenge:
        return await collect_sign_in(data, browser_secrets.given(request.headers.get("cookie")), caller)
