"""A browser leaves for a provider."""

from dataclasses import dataclass

from merx.contexts.identity.domain.provider_sign_in import ProviderFlow
from merx.contexts.identity.domain.return_path import safe_return_path
from merx.contexts.identity.ports.providers import FlowSeal, Providers
from merx.kernel.ports import Clock


@dataclass(frozen=True, slots=True)
class StartProviderSignInHandler:
    """Answers where to send the browser that holds the secret `browser`. Stores nothing, so it costs nobody anything.

    `challenge` is for programs that keep no cookies between the browser and themselves: they collect the outcome with
    the verifier that belongs to it. Raises ProviderNotFound, UnsafeReturn and ProviderAway.
    """

    providers: Providers
    seal: FlowSeal
    clock: Clock

    async def __call__(self, provider: str, return_to: str, challenge: str | None, browser: str) -> str:
        rules = self.providers.rules(provider)
        flow = ProviderFlow.begin(
            rules.name, self.clock.now(), return_to=safe_return_path(return_to), challenge=challenge
        )
        return await self.providers.departure_url(provider, self.seal.close(flow, browser))
