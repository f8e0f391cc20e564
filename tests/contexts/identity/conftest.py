"""Identity on each storage, with cheap password hashes and a clock that stands still."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from dependency_injector import containers, providers

from merx.contexts.identity.adapters.passwords import Argon2Passwords
from merx.contexts.identity.container import IdentityContainer
from merx.contexts.identity.domain.account import AccountKind, AccountStatus
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.users.container import UsersContainer
from merx.infra.approvals.memory import MemoryApprovals
from merx.infra.approvals.postgres import PostgresApprovals
from merx.infra.guest_tokens import GuestTokens
from merx.infra.http.parts import HttpParts
from merx.infra.idempotency.memory import MemoryIdempotency
from merx.infra.limits.scripts import RedisAway
from merx.infra.memory import MemoryStore
from merx.infra.permissions import PermissionCatalogue
from merx.infra.postgres import Database
from merx.infra.sealing import Sealer
from merx.infra.settings import Settings
from merx.infra.tokens import AccessTokens
from merx.kernel.actor import Actor
from merx.kernel.approvals import SecondPerson
from merx.kernel.model import Event
from merx.kernel.rights import Limit
from tests.support.apps import Rewired
from tests.support.asgi import AsgiClient
from tests.support.browser import Browser, Page
from tests.support.clock import FixedClock
from tests.support.stage import staged

PASSWORD = "correct horse battery"
LIMITS = {"payments:write": frozenset({Limit.amount}), "inventory:write": frozenset({Limit.location})}
PERMISSIONS = {"orders:read", "orders:write", "api-keys:read", "api-keys:write", "roles:write", "staff:write", *LIMITS}
GIVEN = (
    "settings",
    "storage",
    "clock",
    "database",
    "reader",
    "store",
    "outbox",
    "scripts",
    "guest_tokens",
    "sealer",
    "access_tokens",
    "permissions",
    "second_person",
)
APPROVALS = {"memory": MemoryApprovals(), "postgres": PostgresApprovals()}
HERE = Caller("192.0.2.7", "pytest")
# Where browsers find the shop, and the pages that may sign in with cookies.
API, FRONT = "https://api.shop.example", "https://www.shop.example"


class NoScripts:
    """Redis is away: attempts are counted here."""

    async def run(self, *_: Any) -> Any:
        raise RedisAway


@dataclass
class RecordedOutbox:
    events: list[Event] = field(default_factory=list)

    async def write(self, _: Any, events: Any) -> list[Any]:
        self.events += events
        return []

    def nudge(self, _: Any) -> None:
        raise AssertionError("nothing was delivered")


class Wiring:
    """The context as it is wired, and what it is given."""

    def __init__(self) -> None:
        self.infra = containers.DynamicContainer()
        for name in GIVEN:
            self.infra.set_provider(name, providers.Object(None))
        self.container = IdentityContainer(infra=self.infra)
        # Who is signed in is shown by the users.
        self.users = UsersContainer(infra=self.infra, identity=self.container.api)
        self._rewired = Rewired(*{*self.container.traverse(), *self.users.traverse()})

    def give(self, **given: Any) -> None:
        self._rewired.renew()
        for name, value in given.items():
            self.infra.providers[name].set_provides(value)


@cache
def _wiring() -> Wiring:
    """Wired once: that takes longer than most tests."""
    return Wiring()


class Shop:
    """The wired context, and shortcuts for what many tests do."""

    def __init__(
        self,
        storage: str,
        database: Database | None = None,
        settings: Settings | None = None,
    ) -> None:
        """On memory it takes the place of the one before; on PostgreSQL there may be several at once."""
        self.clock = FixedClock()
        self.outbox = RecordedOutbox()
        self.access_tokens = AccessTokens(Ed25519PrivateKey.generate(), issuer="t", audience="t", clock=self.clock)
        self.storage = storage
        self.permissions = PermissionCatalogue()
        self.permissions.learn(PERMISSIONS, LIMITS)
        wiring = _wiring() if storage == "memory" else Wiring()
        wiring.give(
            settings=settings or Settings(storage=storage),
            storage=storage,
            clock=self.clock,
            database=database,
            reader=database and database.reader,
            store=MemoryStore(),
            outbox=self.outbox,
            scripts=NoScripts(),
            guest_tokens=GuestTokens(b"k" * 32),
            sealer=Sealer(b"k" * 32),
            access_tokens=self.access_tokens,
            permissions=self.permissions,
            second_person=SecondPerson(APPROVALS[storage], self.clock, 7),
        )
        self.infra = wiring.infra
        self.container, self.users = wiring.container, wiring.users
        self.passwords = Argon2Passwords(memory_kib=64, time_cost=1)
        self.container.passwords.override(providers.Object(self.passwords))

    @property
    def events(self) -> list[Event]:
        return self.outbox.events

    async def customer(self, email: str = "Ada@Example.com", password: str = PASSWORD) -> Any:
        return await self.container.ensure_account()(email, "Ada", AccountKind.customer, (), password)

    async def staff(self, email: str = "staff@example.com", permissions: tuple[str, ...] = ("orders:write",)) -> Any:
        return await self.container.ensure_account()(email, "Sam", AccountKind.staff, permissions, PASSWORD)

    async def speaker(self, token: str) -> Actor:
        """Who a token of staff speaks for, and what that account holds now."""
        found: Actor = await self.container.staff_door().actor(self.access_tokens.verify(token))
        return found

    async def close_account(self, account_id: Any) -> None:
        async with self.container.uow() as uow:
            account = await uow.accounts.get(account_id)
            account.status = AccountStatus.closed
            await uow.accounts.save(account)
            await uow.commit()


@pytest.fixture
def memory_shop() -> Shop:
    return Shop("memory")


@pytest.fixture
async def postgres_shop(database_url: str) -> AsyncIterator[Shop]:
    database = Database(Settings(database_url=database_url))
    yield Shop("postgres", database)
    await database.close()


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.services)])
def shop(request: pytest.FixtureRequest) -> Shop:
    found: Shop = request.getfixturevalue(f"{request.param}_shop")
    return found


class Source:
    """The one context as the application's container."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def http_parts(self) -> HttpParts:
        container = self._shop.container
        users = self._shop.users
        return HttpParts(
            access_tokens=self._shop.access_tokens,
            guest_tokens=self._shop.infra.guest_tokens(),
            idempotency=MemoryIdempotency(self._shop.infra.store()),
            controllers=(*container.controllers(), *users.controllers()),
            dependencies={**container.handlers(), **users.handlers()},
            api_keys=container.api_key_door(),
            staff_rights=container.staff_door(),
            live_sessions=container.live_sessions(),
        )


@pytest.fixture
async def client(memory_shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(staged(Settings(storage="memory"), Source(memory_shop)), client=("192.0.2.7", 1234))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost/api/v1", timeout=10) as client:
        yield client


@pytest.fixture
def browser(memory_shop: Shop) -> Browser:
    settings = Settings(storage="memory", public_url=API, cors_origins=(FRONT,))
    return Browser(AsgiClient(staged(settings, Source(memory_shop))), API)


@pytest.fixture
async def front(browser: Browser, memory_shop: Shop) -> Page:
    """A page of the shop, of a customer who has not signed in yet."""
    await memory_shop.customer()
    return browser.page(FRONT)


async def signed_in(client: httpx.AsyncClient, email: str = "new@example.com", password: str = PASSWORD) -> Any:
    answer = await client.post("/auth/login", json={"email": email, "password": password})
    assert answer.status_code == 200
    return answer.json()


def bearer(tokens: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}
