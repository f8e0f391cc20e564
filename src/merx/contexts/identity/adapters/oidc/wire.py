"""Requests to providers: short waits, no redirect followed, and no more of an answer than fits."""

import asyncio
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


class WireAnswer(msgspec.Struct, frozen=True):
    status: int
    body: bytes

    def __repr__(self) -> str:
        return f"WireAnswer({self.status})"


class OidcWire:
    """Raises ProviderAway for everything that is no complete answer. The client is made on first use.

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
        self._client: httpx.AsyncClient | None = None

    async def get(self, url: str, headers: dict[str, str] | None = None) -> WireAnswer:
        return await self._send("GET", url, headers or {}, None)

    async def post_form(self, url: str, headers: dict[str, str], body: str) -> WireAnswer:
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return await self._send("POST", url, kind | headers, body.encode())

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _send(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> WireAnswer:
        # Addresses come out of a document of the provider.
        if not is_safe_address(url):
            raise ProviderAway("the provider names an address that is not https")
        try:
            async with asyncio.timeout(self._whole_seconds):
                return await self._answer(method, url, headers, body)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, TimeoutError, OSError) as error:
            # The text of the exception may have the address with its query in it.
            raise ProviderAway(f"the provider does not answer ({type(error).__name__})") from None

    async def _answer(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> WireAnswer:
        async with self._opened().stream(method, url, headers=headers, content=body) as answer:
            # An encoded answer could grow beyond every bound while it is unpacked; nobody asked for one.
            if answer.headers.get("content-encoding", "identity") != "identity":
                raise ProviderAway("the provider answers in an encoding that was not asked for")
            received = bytearray()
            async for piece in answer.aiter_raw():
                received += piece
                if len(received) > MAX_BODY:
                    raise ProviderAway("the provider answers more than fits")
            return WireAnswer(answer.status_code, bytes(received))

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            options: dict[str, Any] = {} if self._transport is None else {"transport": self._transport}
            self._client = httpx.AsyncClient(
                timeout=httpx.Timeout(self._read_seconds, connect=CONNECT_SECONDS, pool=CONNECT_SECONDS),
                limits=httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=5),
                follow_redirects=False,
                headers={"accept": "application/json", "accept-encoding": "identity", "user-agent": "merx"},
                # What a provider sets for one person must not be sent along for the next.
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
                **options,
            )
        return self._client
