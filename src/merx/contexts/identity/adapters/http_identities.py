"""The providers that are ways into one's own account."""

from uuid import UUID

from litestar import Controller, Response, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody

from merx.contexts.identity.adapters.http import caller_of
from merx.contexts.identity.adapters.http_oidc import Asked
from merx.contexts.identity.adapters.http_sessions import owner_of
from merx.contexts.identity.adapters.oidc.browser import BrowserSecrets
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.ports.linked_identities import LinkedIdentityQueries, LinkedIdentityView
from merx.contexts.identity.usecases.link_identity import (
    CollectLink,
    CollectLinkHandler,
    LinkIdentity,
    StartLinkHandler,
)
from merx.contexts.identity.usecases.second_factor_first import SecondFactorFirst
from merx.contexts.identity.usecases.unlink_identity import UnlinkIdentityHandler
from merx.infra.http.auth import alive, fresh, signed_in
from merx.infra.http.route_classes import RouteClass, limited
from merx.kernel.actor import Actor
from merx.kernel.model import View


class LinkStarted(View, frozen=True):
    """`url`: where to send the browser, in which this answer's cookie is."""

    url: str


class IdentitiesController(Controller):
    """Without `once`: one answer holds an address with a state, the other command takes a code that is good once."""

    path = "/auth"
    tags = ["auth"]
    dependencies = {"caller": Provide(caller_of)}

    @get("/identities", guards=[signed_in], operation_id="ListIdentities", summary="Providers linked to the account")
    async def identities(
        self, actor: NamedDependency[Actor], identity_links: NamedDependency[LinkedIdentityQueries]
    ) -> list[LinkedIdentityView]:
        return await identity_links.of_account(owner_of(actor))

    @post(
        "/oidc/{provider:str}/link",
        guards=[alive(signed_in)],
        status_code=200,
        operation_id="StartIdentityLink",
        summary="Link a provider to the account: answers where to send the browser",
        **limited(RouteClass.login),
    )
    async def start(
        self,
        provider: FromPath[str],
        data: JSONBody[LinkIdentity],
        request: Asked,
        actor: NamedDependency[Actor],
        caller: NamedDependency[Caller],
        second_factor_first: NamedDependency[SecondFactorFirst],
        start_link: NamedDependency[StartLinkHandler],
        browser_secrets: NamedDependency[BrowserSecrets],
    ) -> Response[LinkStarted]:
        browser = browser_secrets.given_or_new(request.headers.get("cookie"))
        await second_factor_first(actor, owner_of(actor))
        url = await start_link(actor, owner_of(actor), provider, data, caller, browser)
        answer = Response(LinkStarted(url))
        answer.set_cookie(browser_secrets.cookie(browser))
        return answer

    @post(
        "/identities",
        guards=[alive(signed_in)],
        status_code=200,
        operation_id="CollectIdentityLink",
        summary="Finish linking a provider, in the browser where it began",
        **limited(RouteClass.login),
    )
    async def collect(
        self,
        data: JSONBody[CollectLink],
        request: Asked,
        actor: NamedDependency[Actor],
        caller: NamedDependency[Caller],
        browser_secrets: NamedDependency[BrowserSecrets],
        collect_link: NamedDependency[CollectLinkHandler],
    ) -> LinkedIdentityView:
        browser = browser_secrets.given(request.headers.get("cookie"))
        return await collect_link(owner_of(actor), data, browser, caller)

    @delete(
        "/identities/{identity_id:uuid}",
        guards=[fresh(signed_in)],
        status_code=204,
        operation_id="UnlinkIdentity",
        summary="Remove a provider from the account",
    )
    async def unlink(
        self,
        identity_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        caller: NamedDependency[Caller],
        unlink_identity: NamedDependency[UnlinkIdentityHandler],
    ) -> None:
        await unlink_identity(owner_of(actor), identity_id, caller)
