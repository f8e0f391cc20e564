"""A browser that signs in through the suite's own provider: steps over HTTP, and the shop that they lead to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from dependency_injector import providers

from merx.contexts.identity.adapters.oidc.providers import OidcProviders
from merx.contexts.identity.adapters.oidc.wire import OidcWire
from merx.infra.postgres import Database
from merx.infra.settings import Settings
from merx.infra.settings_oidc import OidcProvider
from tests.contexts.identity.conftest import Shop, Source, bearer
from tests.support.oidc.provider import CLIENT_ID, CLIENT_SECRET, ISSUER, StrictProvider
from tests.support.stage import staged

API = "http://localhost:8000/api/v1"
PAGE = "http://localhost:8000/account/sign-in"
KINDS = {
    "login": {"trust_email": True, "title": "Login with Example"},
    "forum": {"trust_email": False},
    "office": {"trust_email": True, "kind": "staff", "mfa_acr": ("gold",)},
}
INTERRUPTED = {"error": "identity.sign-in-interrupted"}
EVE = {"sub": "eve-1", "email": "eve@example.com", "email_verified": True, "name": "Eve"}


def configured(issuer: str = ISSUER) -> tuple[OidcProvider, ...]:
    return tuple(
        OidcProvider(name=name, issuer=issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, **more)
        for name, more in KINDS.items()
    )


class ForgetfulProviders(OidcProviders):
    def forget(self) -> None:
        """As new: nobody remembers what was published, or that a provider was away."""
        self._clients.clear()


class OidcShop(Shop):
    """`provider` stands behind three names: `login` is trusted for e-mail, `forum` is not, `office` is for staff.

    `public_url`: where browsers find the shop. `issuer` and `wire` lead to a provider that is not in this process.
    """

    def __init__(
        self,
        storage: str = "memory",
        database: Database | None = None,
        *,
        public_url: str = "http://localhost:8000",
        issuer: str = ISSUER,
        wire: OidcWire | None = None,
        patience_seconds: float = 5.0,
    ) -> None:
        settings = Settings(storage=storage, public_url=public_url, oidc=configured(issuer))
        super().__init__(storage, database, settings)
        self.provider = StrictProvider(
            issuer=issuer,
            callbacks=tuple(f"{settings.api_base}/auth/oidc/{name}/callback" for name in KINDS),
            now=lambda: self.clock.now().timestamp(),
        )
        # Nobody waits here for longer than a test should take.
        wire = wire or OidcWire(httpx.ASGITransport(self.provider), read_seconds=0.2, whole_seconds=0.2)
        self.providers = ForgetfulProviders(
            settings.oidc, settings.api_base, self.clock, wire, patience_seconds=patience_seconds
        )
        self.container.sign_in_providers.override(providers.Object(self.providers))

    def browser(self) -> "Browser":
        return Browser(self)


class Browser:
    """One cookie jar in front of the shop. `at` is the provider's name."""

    def __init__(self, shop: OidcShop, at: str = "login") -> None:
        transport = httpx.ASGITransport(staged(Settings(storage="memory"), Source(shop)), client=("192.0.2.7", 1234))
        self.http = httpx.AsyncClient(transport=transport, base_url="http://localhost/api/v1", timeout=10)
        self.shop = shop
        self.at = at

    async def leave(self, at: str | None = None, **query: str) -> str:
        """Where the shop sends the browser."""
        answer = await self.http.get(f"/auth/oidc/{at or self.at}/start", params=query)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    async def visit_provider(self, url: str) -> str:
        """The provider lets the person in at once; where it sends the browser."""
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.shop.provider)) as http:
            answer = await http.get(url)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    async def come_back(self, url: str) -> dict[str, str]:
        """What the account page finds behind `#`."""
        assert url.startswith(API), url
        answer = await self.http.get(url.removeprefix(API))
        assert answer.status_code == 302, answer.text
        page, _, fragment = answer.headers["location"].partition("#")
        assert page == PAGE
        return dict(parse_qsl(fragment, strict_parsing=True))

    async def collect(self, found: dict[str, str], **more: Any) -> httpx.Response:
        return await self.http.post("/auth/oidc/exchange", json={"code": found["code"], **more})

    async def go(self, at: str | None = None, **query: str) -> dict[str, str]:
        """To the provider and back."""
        return await self.come_back(await self.visit_provider(await self.leave(at, **query)))

    async def sign_in(self, at: str | None = None, **query: str) -> Any:
        """The tokens."""
        found = await self.go(at, **query)
        assert "code" in found, found
        answer = await self.collect(found)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def link(self, tokens: Any, at: str | None = None, **body: Any) -> httpx.Response:
        """The whole way of linking a provider; the answer that ends it."""
        answer = await self.http.post(f"/auth/oidc/{at or self.at}/link", json=body, headers=bearer(tokens))
        if answer.status_code != 200:
            return answer
        found = await self.come_back(await self.visit_provider(answer.json()["url"]))
        return await self.http.post("/auth/identities", json={"code": found["link"]}, headers=bearer(tokens))


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, strict_parsing=True))


async def identities(shop: Shop) -> list[Any]:
    """Every linked identity of the shop."""
    if shop.storage == "memory":
        return list(shop.infra.store().table("identity.linked_identity").values())
    async with shop.container.uow() as uow:
        from merx.infra.postgres import compiled

        return await uow.tx.fetch(compiled("select * from identity.linked_identity order by id"))


@asynccontextmanager
async def on_postgres(database_url: str) -> AsyncIterator[OidcShop]:
    database = Database(Settings(database_url=database_url))
    shop = OidcShop("postgres", database)
    yield shop
    await database.close()
