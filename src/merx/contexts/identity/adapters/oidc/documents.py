"""What a provider publishes: its discovery document and its signing keys, each kept for a bounded time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, RSAKey, import_key

from merx.contexts.identity.adapters.oidc.wire import OidcWire
from merx.contexts.identity.domain.provider_errors import ProviderAway, ProviderRefused
from merx.infra.settings_oidc import is_safe_address
from merx.kernel.ports import Clock

T = TypeVar("T")

LIFE_SECONDS = 3600.0
# A key that we do not know is looked for no more often than this, whoever sends tokens that name one.
KEY_FLOOR_SECONDS = 30.0
# So long after a failure the next caller is told at once.
AWAY_SECONDS = 5.0
MIN_RSA_CHARACTERS = 342


class Discovery(msgspec.Struct, frozen=True):
    """The parts of OpenID Connect Discovery §3 and RFC 9207 §3 that are used."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    id_token_signing_alg_values_supported: tuple[str, ...] = ("RS256",)
    authorization_response_iss_parameter_supported: bool = False


class _KeySet(msgspec.Struct, frozen=True):
    keys: list[dict[str, Any]]


class _Kept(Generic[T]):
    """One document: asked for once, whoever waits for it, and again when it is old."""

    def __init__(self, ask: Callable[[], Awaitable[T]], clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self._lock = asyncio.Lock()
        self._value: T | None = None
        self._asked_at = float("-inf")
        self._failed_at = float("-inf")

    async def get(self, *, not_older_than: float = LIFE_SECONDS) -> T:
        """`not_older_than` in seconds. Raises ProviderAway."""
        if self._value is not None and self._age() <= not_older_than:
            return self._value
        async with self._lock:
            if self._value is not None and self._age() <= not_older_than:
                return self._value
            if self._now() - self._failed_at < AWAY_SECONDS:
                raise ProviderAway("the provider did not answer a moment ago")
            try:
                self._value = await self._ask()
            except ProviderAway:
                self._failed_at = self._now()
                raise
            self._asked_at = self._now()
            return self._value

    def _age(self) -> float:
        return self._now() - self._asked_at

    def _now(self) -> float:
        return self._clock.now().timestamp()


class ProviderDocuments:
    """Raises ProviderAway when the provider does not answer, or answers what cannot be believed."""

    def __init__(self, issuer: str, wire: OidcWire, clock: Clock) -> None:
        self._issuer = issuer
        self._wire = wire
        self._discovery: _Kept[Discovery] = _Kept(self._ask_discovery, clock)
        self._keys: _Kept[list[Key]] = _Kept(self._ask_keys, clock)

    async def discovery(self) -> Discovery:
        return await self._discovery.get()

    async def key(self, kid: str | None, algorithm: str) -> Key:
        """The key of that name, for that algorithm. Raises ProviderRefused when there is none."""
        found = _picked(await self._keys.get(), kid, algorithm)
        if found is None:
            # The provider may have changed its keys.
            found = _picked(await self._keys.get(not_older_than=KEY_FLOOR_SECONDS), kid, algorithm)
        if found is None:
            raise ProviderRefused("no key of the provider fits the ID token")
        return found

    async def _ask_discovery(self) -> Discovery:
        url = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        found = await self._document(url, Discovery)
        # Discovery §4.3: or somebody else's provider could speak in its name.
        if found.issuer != self._issuer:
            raise ProviderAway("the discovery document is of another issuer")
        for address in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri, found.userinfo_endpoint):
            if address is not None and not is_safe_address(address):
                raise ProviderAway("the provider names an address that is not https")
        return found

    async def _ask_keys(self) -> list[Key]:
        document = await self._document((await self.discovery()).jwks_uri, _KeySet)
        return [key for each in document.keys if (key := _imported(each)) is not None]

    async def _document(self, url: str, kind: type[T]) -> T:
        answer = await self._wire.get(url)
        if answer.status != 200:
            raise ProviderAway(f"the provider answers {answer.status} for a document")
        try:
            return msgspec.json.decode(answer.body, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise ProviderAway("the provider publishes something that is no document") from None


def _imported(data: dict[str, Any]) -> Key | None:
    """A public key that may sign ID tokens. Symmetric and short ones are none."""
    if data.get("use", "sig") != "sig" or data.get("kty") not in ("RSA", "EC"):
        return None
    try:
        # 2048 bits in 342 characters; the library would take shorter ones with a warning.
        if data["kty"] == "RSA" and len(str(data["n"])) < MIN_RSA_CHARACTERS:
            return None
        key = import_key({name: value for name, value in data.items() if name not in ("d", "p", "q")})
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return key if isinstance(key, RSAKey | ECKey) else None


def _picked(keys: list[Key], kid: str | None, algorithm: str) -> Key | None:
    kind = ECKey if algorithm.startswith("ES") else RSAKey
    fitting = [key for key in keys if isinstance(key, kind) and key.get("alg", algorithm) == algorithm]
    if kid is None:
        # Allowed when there is nothing to choose (OpenID Connect Core §10.1).
        return fitting[0] if len(fitting) == 1 else None
    return next((key for key in fitting if key.get("kid") == kid), None)
