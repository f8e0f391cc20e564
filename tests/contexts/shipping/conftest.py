"""Shipping on each storage, and the routes behind the real frame."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from dependency_injector import containers, providers

from merx.contexts.shipping.container import ShippingContainer
from merx.infra.guest_tokens import GuestTokens
from merx.infra.http.parts import HttpParts
from merx.infra.idempotency.memory import MemoryIdempotency
from merx.infra.memory import MemoryStore
from merx.infra.postgres import Database
from merx.infra.settings import Settings
from merx.infra.tokens import AccessTokens
from merx.kernel.actor import ActorKind
from merx.kernel.ids import new_id
from tests.support.asgi import AsgiClient
from tests.support.clock import FixedClock
from tests.support.stage import staged


class SilentOutbox:
    """Shipping tells nobody anything."""

    async def write(self, _: Any, events: Any) -> list[Any]:
        raise AssertionError(f"unexpected events: {events}")

    def nudge(self, _: Any) -> None:
        raise AssertionError("nothing was written")


class Office:
    """The wired context."""

    def __init__(self, storage: str, database: Database | None = None) -> None:
        self.clock = FixedClock()
        self.settings = Settings(storage=storage)
        self.access_tokens = AccessTokens(Ed25519PrivateKey.generate(), issuer="t", audience="t", clock=self.clock)
        self.guest_tokens = GuestTokens(b"k" * 32)
        infra = containers.DynamicContainer()
        for name, value in {
            "settings": self.settings,
            "storage": storage,
            "clock": self.clock,
            "database": database,
            "reader": database and database.reader,
            "store": MemoryStore(),
            "outbox": SilentOutbox(),
            "guest_tokens": self.guest_tokens,
            "access_tokens": self.access_tokens,
        }.items():
            infra.set_provider(name, providers.Object(value))
        self.container = ShippingContainer(infra=infra)

    def http_parts(self) -> HttpParts:
        return HttpParts(
            access_tokens=self.access_tokens,
            guest_tokens=self.guest_tokens,
            idempotency=MemoryIdempotency(MemoryStore()),
            controllers=self.container.controllers(),
            dependencies=self.container.handlers(),
        )

    def bearer(self, kind: ActorKind = ActorKind.staff, *permissions: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.access_tokens.issue(new_id(), kind, permissions)}"}


@pytest.fixture
def memory_office() -> Office:
    return Office("memory")


@pytest.fixture
async def postgres_office(database_url: str) -> AsyncIterator[Office]:
    database = Database(Settings(database_url=database_url))
    yield Office("postgres", database)
    await database.close()


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.services)])
def office(request: pytest.FixtureRequest) -> Office:
    found: Office = request.getfixturevalue(f"{request.param}_office")
    return found


@pytest.fixture
async def client(memory_office: Office) -> AsyncIterator[AsgiClient]:
    async with AsgiClient(staged(memory_office.settings, memory_office)) as found:
        yield found
