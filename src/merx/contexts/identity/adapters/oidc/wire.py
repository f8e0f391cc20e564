"""Requests to providers: short waits, no redirect followed, and no more of an answer than fits."""

import asyncio
import ssl
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx
import msgspec

from merx.contexts.identity.domain.provider_errors import ProviderAway
from merx.infra.settings_oidc import is_safe_address

CONNECT_SECONDS = 2.0
# Between two pieces of an answer; WHOLE_SECONDS is for one that trickles.
READ_SECONDS = 5.0
WHOLE_SECONDS = 8.0
MAX_BODY = 256 * 1024
_CONNECTIONS = 20
_NO_ANSWER = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.StreamError,
    TimeoutError,
    OSError,
    # A host or a port that only the attempt to go there finds impossible.
    ValueError,
    OverflowError,
    ExceptionGroup,
)


class WireAnswer(msgspec.Struct, frozen=True):
    status: int
    body: bytes

    def __repr__(self) -> str:
        return f"WireAnswer({self.status})"


class OidcWire:
    """Raises ProviderAway for everything that is no complete answer.

    Each request has a client of its own: the pool of httpx keeps the place of a request that is called off while it
    waits for one or connects, and who trickles must be called off. After twenty of those nobody could sign in any more.

    `read_seconds` and `whole_seconds` are shorter in tests, `transport` leads to a provider in the same process.
    """

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport | None = None,
        *,
        read_seconds: float = READ_SECONDS,
        whole_seconds: float = WHOLE_SECONDS,
    ) -> None:
        self._transport = transport
        self._read_seconds = read_seconds
        self._whole_seconds = whole_seconds
        self._places = asyncio.Semaphore(_CONNECTIONS)
        # Made on first use and kept: reading the authorities of the system takes 20 ms.
        self._trust: ssl.SSLContext | None = None

    async def get(self, url: str, headers: dict[str, str] | None = None) -> WireAnswer:
        return await self._send("GET", url, headers or {}, None)

    async def post_form(self, url: str, headers: dict[str, str], body: str) -> WireAnswer:
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return await self._send("POST", url, kind | headers, body.encode())

    async def _send(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> WireAnswer:
        # Addresses come out of a document of the provider.
        if not is_safe_address(url):
            raise ProviderAway("the provider names an address that is not https")
        try:
            async with asyncio.timeout(self._whole_seconds), self._places, self._client() as client:
                return await self._answer(client, method, url, headers, body)
        except _NO_ANSWER as error:
            # The text of the exception may have the address with its query in it.
            raise ProviderAway(f"the provider does not answer ({type(error).__name__})") from None

    @staticmethod
    async def _answer(
        client: httpx.AsyncClient, method: str, url: str, headers: dict[str, str], body: bytes | None
    ) -> WireAnswer:
        async with client.stream(method, url, headers=headers, content=body) as answer:
            # An encoded answer could grow beyond every bound while it is unpacked; nobody asked for one.
            if answer.headers.get("content-encoding", "identity") != "identity":
                raise ProviderAway("the provider answers in an encoding that was not asked for")
            received = bytearray()
            async for piece in answer.aiter_raw():
                received += piece
                if len(received) > MAX_BODY:
                    raise ProviderAway("the provider answers more than fits")
            return WireAnswer(answer.status_code, bytes(received))

    def _client(self) -> httpx.AsyncClient:
        """It goes through the proxy that the environment names, if any: many shops have no other way out."""
        try:
            return self._new_client()
        except (ImportError, ValueError, httpx.InvalidURL) as error:
            # Its address may have a password in it.
            kind = type(error).__name__
            raise ProviderAway(f"HTTPS_PROXY or ALL_PROXY names no proxy that speaks HTTP ({kind})") from None

    def _new_client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            **self._way(),
            timeout=httpx.Timeout(self._read_seconds, connect=CONNECT_SECONDS),
            follow_redirects=False,
            headers={"accept": "application/json", "accept-encoding": "identity", "user-agent": "merx"},
            # What a provider sets for one person must not be sent along for the next.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        )

    def _way(self) -> dict[str, Any]:
        if self._transport is not None:
            return {"transport": self._transport}
        self._trust = self._trust or httpx.create_ssl_context()
        return {"verify": self._trust}
