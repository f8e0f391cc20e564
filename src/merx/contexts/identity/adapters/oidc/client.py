"""This shop as a client of one OpenID Connect provider."""

from urllib.parse import quote_plus

import msgspec
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request

from merx.contexts.identity.adapters.oidc.documents import Discovery, ProviderDocuments
from merx.contexts.identity.adapters.oidc.id_token import Person, is_multi_factor, verified_person
from merx.contexts.identity.adapters.oidc.wire import OidcWire
from merx.contexts.identity.domain.provider_errors import ProviderAway, ProviderRefused
from merx.contexts.identity.domain.provider_sign_in import challenge_of
from merx.contexts.identity.ports.providers import Departure, ProvedIdentity
from merx.contexts.identity.usecases.tokens import BEARER
from merx.infra.settings_oidc import OidcProvider
from merx.kernel.address import email_in_one_form
from merx.kernel.errors import Invalid
from merx.kernel.ports import Clock


class _TokenAnswer(msgspec.Struct, frozen=True):
    id_token: str
    access_token: str = ""
    token_type: str = BEARER

    def __repr__(self) -> str:
        return "_TokenAnswer(***)"


class OidcClient:
    """Raises ProviderAway and ProviderRefused with a reason for the log."""

    def __init__(self, provider: OidcProvider, callback: str, wire: OidcWire, clock: Clock) -> None:
        self.provider = provider
        self._callback = callback
        self._wire = wire
        self._clock = clock
        self._documents = ProviderDocuments(provider.issuer, wire, clock)

    async def departure_url(self, departure: Departure) -> str:
        discovery = await self._documents.discovery()
        url: str = prepare_grant_uri(
            discovery.authorization_endpoint,
            self.provider.client_id,
            "code",
            redirect_uri=self._callback,
            scope=list(self.provider.scopes),
            state=departure.state,
            nonce=departure.nonce,
            code_challenge=challenge_of(departure.verifier),
            code_challenge_method="S256",
        )
        return url

    async def identify(self, code: str, departure: Departure, issuer: str | None) -> ProvedIdentity:
        provider = self.provider
        discovery = await self._documents.discovery()
        # RFC 9207: an answer of another provider must not reach this one's token endpoint.
        if issuer != provider.issuer and (
            issuer is not None or discovery.authorization_response_iss_parameter_supported
        ):
            raise ProviderRefused("the answer came from another issuer")
        answer = await self._trade(discovery, code, departure.verifier)
        person = await verified_person(
            answer.id_token,
            self._documents,
            issuer=provider.issuer,
            client_id=provider.client_id,
            nonce=departure.nonce,
            access_token=answer.access_token,
            now=int(self._clock.now().timestamp()),
        )
        known = person
        if person.email is None and discovery.userinfo_endpoint and answer.access_token:
            known = await self._user_info(discovery.userinfo_endpoint, answer.access_token, person)
        email = known.email if known.email is not None and _can_be_kept(known.email) else None
        return ProvedIdentity(
            provider.issuer,
            person.sub,
            email,
            known.verified,
            person.full_name or known.full_name,
            is_multi_factor(person, provider.mfa_acr),
        )

    async def _trade(self, discovery: Discovery, code: str, verifier: str) -> _TokenAnswer:
        body = prepare_token_request(
            "authorization_code", code=code, redirect_uri=self._callback, code_verifier=verifier
        )
        url, headers, body = self._proof(discovery).prepare("POST", discovery.token_endpoint, {}, body)
        answer = await self._wire.post_form(url, headers, body)
        if answer.status >= 500 or answer.status == 429:
            raise ProviderAway(f"the provider answers {answer.status} for a code")
        if answer.status != 200:
            raise ProviderRefused(f"the provider answers {answer.status} for a code")
        try:
            found = msgspec.json.decode(answer.body, type=_TokenAnswer)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise ProviderRefused("the provider answers no ID token for a code") from None
        if found.token_type.lower() != "bearer":
            raise ProviderRefused("the provider answers a token of another kind")
        return found

    def _proof(self, discovery: Discovery) -> ClientAuth:
        """How the shop proves itself at the token endpoint (RFC 6749 §2.3.1)."""
        provider = self.provider
        if not provider.client_secret:
            return ClientAuth(provider.client_id, None, "none")
        if "client_secret_basic" in discovery.token_endpoint_auth_methods_supported:
            # Basic takes them form-encoded.
            return ClientAuth(quote_plus(provider.client_id), quote_plus(provider.client_secret), "client_secret_basic")
        return ClientAuth(provider.client_id, provider.client_secret, "client_secret_post")

    async def _user_info(self, url: str, access_token: str, person: Person) -> Person:
        answer = await self._wire.get(url, {"authorization": f"Bearer {access_token}"})
        if answer.status != 200:
            raise ProviderAway(f"the provider answers {answer.status} for the person")
        try:
            found = msgspec.json.decode(answer.body, type=Person)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise ProviderRefused("the provider says nothing about the person") from None
        # OpenID Connect Core §5.3.4: or it could be about anybody.
        if found.sub != person.sub:
            raise ProviderRefused("the provider speaks of another person")
        return found


def _can_be_kept(email: str) -> bool:
    try:
        email_in_one_form(email)
    except Invalid:
        return False
    return True
