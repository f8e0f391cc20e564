"""Wiring of signing in through OpenID Connect providers."""

from typing import Any
from urllib.parse import urlsplit

from dependency_injector import containers, providers

from merx.contexts.identity.adapters.http_oidc import AccountPage
from merx.contexts.identity.adapters.memory_identities import MemoryLinkedIdentityQueries
from merx.contexts.identity.adapters.oidc.browser import BrowserSecrets
from merx.contexts.identity.adapters.oidc.seal import SealedFlows
from merx.contexts.identity.adapters.postgres_identities import PostgresLinkedIdentityQueries
from merx.contexts.identity.usecases.collect_sign_in import CollectSignInHandler
from merx.contexts.identity.usecases.finish_provider_sign_in import FinishProviderSignInHandler
from merx.contexts.identity.usecases.identity_owner import IdentityOwner
from merx.contexts.identity.usecases.link_identity import CollectLinkHandler, StartLinkHandler
from merx.contexts.identity.usecases.start_provider_sign_in import StartProviderSignInHandler
from merx.contexts.identity.usecases.unlink_identity import UnlinkIdentityHandler
from merx.infra.settings import Settings


def browser_secrets(settings: Settings) -> BrowserSecrets:
    """The cookie says `Secure` when browsers reach the API by https."""
    return BrowserSecrets(https=urlsplit(settings.api_base).scheme == "https")


class ThroughProvidersContainer(containers.DeclarativeContainer):
    infra = providers.DependenciesContainer()
    uow: providers.Dependency[Any] = providers.Dependency()
    queries: providers.Dependency[Any] = providers.Dependency()
    start_session: providers.Dependency[Any] = providers.Dependency()
    ask_for_factor: providers.Dependency[Any] = providers.Dependency()
    codes: providers.Dependency[Any] = providers.Dependency()
    refusals: providers.Dependency[Any] = providers.Dependency()
    present_password: providers.Dependency[Any] = providers.Dependency()
    sign_in_providers: providers.Dependency[Any] = providers.Dependency()
    ways_in: providers.Dependency[Any] = providers.Dependency()

    flow_seal = providers.Singleton(SealedFlows, infra.guest_tokens)
    identity_links = providers.Selector(
        infra.storage,
        postgres=providers.Singleton(PostgresLinkedIdentityQueries, infra.reader),
        memory=providers.Singleton(MemoryLinkedIdentityQueries, infra.store),
    )
    browser_secrets = providers.Singleton(browser_secrets, infra.settings)
    account_page = providers.Singleton(AccountPage, infra.settings.provided.account_page)

    start_provider_sign_in = providers.Singleton(
        StartProviderSignInHandler, providers=sign_in_providers, seal=flow_seal, clock=infra.clock
    )
    finish_provider_sign_in = providers.Singleton(
        FinishProviderSignInHandler,
        uow=uow.provider,
        providers=sign_in_providers,
        seal=flow_seal,
        owner=providers.Singleton(IdentityOwner, queries),
        codes=codes,
        refusals=refusals,
        clock=infra.clock,
    )
    collect_sign_in = providers.Singleton(
        CollectSignInHandler,
        uow=uow.provider,
        codes=codes,
        start_session=start_session,
        ask_for_factor=ask_for_factor,
        clock=infra.clock,
    )
    start_link = providers.Singleton(
        StartLinkHandler,
        uow=uow.provider,
        providers=sign_in_providers,
        seal=flow_seal,
        present_password=present_password,
        clock=infra.clock,
    )
    collect_link = providers.Singleton(
        CollectLinkHandler, uow=uow.provider, providers=sign_in_providers, codes=codes, clock=infra.clock
    )
    unlink_identity = providers.Singleton(UnlinkIdentityHandler, uow=uow.provider, ways_in=ways_in, clock=infra.clock)

    handlers = providers.Dict(
        sign_in_providers=sign_in_providers,
        start_provider_sign_in=start_provider_sign_in,
        finish_provider_sign_in=finish_provider_sign_in,
        collect_sign_in=collect_sign_in,
        start_link=start_link,
        collect_link=collect_link,
        unlink_identity=unlink_identity,
        identity_links=identity_links,
        browser_secrets=browser_secrets,
        account_page=account_page,
    )
