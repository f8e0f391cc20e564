"""The configured OpenID Connect providers. What speaks to them is loaded when somebody first signs in through one."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

from loguru import logger

from merx.contexts.identity.domain.account import AccountKind
from merx.contexts.identity.domain.provider_errors import ProviderAway, ProviderNotFound, ProviderRefused
from merx.contexts.identity.ports.providers import Departure, ProvedIdentity, ProviderRules, ProviderSummary
from merx.infra.settings_oidc import OidcProvider
from merx.kernel.ports import Clock

T = TypeVar("T")

# For all requests of one step together: documents, keys, token and person. Each has a limit of its own in `wire`.
PATIENCE_SECONDS = 15.0


class OidcProviders:
    """Implements Providers. `api_base` is how browsers reach the API; `wire` replaces the one to the world."""

    def __init__(
        self,
        providers: Sequence[OidcProvider],
        api_base: str,
        clock: Clock,
        wire: Any = None,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._providers = {provider.name: provider for provider in providers}
        self._api_base = api_base
        self._clock = clock
        self._wire = wire
        self._patience_seconds = patience_seconds
        self._clients: dict[str, Any] = {}

    def summaries(self) -> list[ProviderSummary]:
        return [ProviderSummary(each.name, each.shown_as, AccountKind(each.kind)) for each in self._providers.values()]

    def issuers(self, kind: AccountKind) -> frozenset[str]:
        # Staff may have linked any of them; one for staff lets no customer in.
        any_kind = kind is AccountKind.staff
        return frozenset(each.issuer for each in self._providers.values() if any_kind or each.kind == kind)

    def rules(self, name: str) -> ProviderRules:
        provider = self._configured(name)
        return ProviderRules(provider.name, provider.shown_as, AccountKind(provider.kind), provider.trust_email)

    async def departure_url(self, name: str, departure: Departure) -> str:
        try:
            url: str = await self._in_time(self._client(name).departure_url(departure))
        except ProviderAway as error:
            logger.warning("sign-in provider {} is away: {}", name, error.detail)
            raise ProviderAway from None
        return url

    async def identify(self, name: str, code: str, departure: Departure, issuer: str | None) -> ProvedIdentity:
        try:
            proved: ProvedIdentity = await self._in_time(self._client(name).identify(code, departure, issuer))
        except (ProviderAway, ProviderRefused) as error:
            # Only here: whoever tries things out must not learn what came how far.
            logger.warning("a sign-in through {} failed: {}", name, error.detail)
            raise type(error) from None
        return proved

    async def _in_time(self, work: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(self._patience_seconds):
                return await work
        except TimeoutError:
            raise ProviderAway("the provider takes too long altogether") from None

    def _configured(self, name: str) -> OidcProvider:
        found = self._providers.get(name)
        if found is None:
            raise ProviderNotFound
        return found

    def _client(self, name: str) -> Any:
        if name not in self._clients:
            provider = self._configured(name)
            from merx.contexts.identity.adapters.oidc.client import OidcClient
            from merx.contexts.identity.adapters.oidc.wire import OidcWire

            self._wire = self._wire or OidcWire()
            callback = f"{self._api_base}/auth/oidc/{name}/callback"
            self._clients[name] = OidcClient(provider, callback, self._wire, self._clock)
        return self._clients[name]
