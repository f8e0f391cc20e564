"""What identity needs of sign-in providers."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from merx.contexts.identity.domain.account import AccountKind
from merx.contexts.identity.domain.provider_sign_in import ProviderFlow
from merx.kernel.model import View


class ProviderSummary(View, frozen=True):
    """A provider as a page shows it: `name` stands in addresses, `title` on the button."""

    name: str
    title: str
    kind: AccountKind


class ProviderRules(View, frozen=True):
    """What a provider is believed. `kind`: whose accounts it may make."""

    name: str
    title: str
    kind: AccountKind
    trusts_email: bool


class ProvedIdentity(View, frozen=True):
    """Who the provider says has signed in. `email_verified`: so says the provider, which may lie when not trusted."""

    issuer: str
    subject: str
    email: str | None
    email_verified: bool
    name: str | None
    multi_factor: bool

    def __repr__(self) -> str:
        return "ProvedIdentity(***)"


class Departure(View, frozen=True):
    """What is derived for one flow and one browser: neither is stored anywhere."""

    state: str
    nonce: str
    verifier: str

    def __repr__(self) -> str:
        return "Departure(***)"


class FlowSeal(Protocol):
    """Keeps a flow while it is with the provider: nobody can read, change or make one, or use it in another browser.

    `browser` is a secret that one browser holds.
    """

    def close(self, flow: ProviderFlow, browser: str) -> Departure: ...

    def open(self, state: str, browser: str) -> tuple[ProviderFlow, Departure] | None:
        """None for anything that was not closed for this browser. Whether it is in time is the caller's to ask."""
        ...


class Providers(Protocol):
    """`name` is that of the address. All but `summaries` and `issuers` raise ProviderNotFound for an unknown one."""

    def summaries(self) -> Sequence[ProviderSummary]: ...

    def issuers(self, kind: AccountKind) -> frozenset[str]:
        """Of those through which an account of this kind can sign in at present."""
        ...

    def rules(self, name: str) -> ProviderRules: ...

    async def departure_url(self, name: str, departure: Departure) -> str:
        """Where to send the browser. Raises ProviderAway."""
        ...

    async def identify(self, name: str, code: str, departure: Departure, issuer: str | None) -> ProvedIdentity:
        """Trade the code. `issuer` is what came back in `iss` (RFC 9207).

        Raises ProviderAway, and ProviderRefused for a code or an ID token that does not hold. Takes seconds when the
        provider is slow: never call it with a transaction open.
        """
        ...


class OutcomeCodes(Protocol):
    """The one-time codes with which the outcome of a sign-in is collected."""

    def text(self, purpose: str, code_id: UUID) -> str: ...

    def read(self, purpose: str, text: str) -> UUID | None:
        """The id of a code that we made for this purpose, None for any other text. In constant time."""
        ...
