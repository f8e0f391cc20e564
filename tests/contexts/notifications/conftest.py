"""Notifications on each storage, and events to write of."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from dependency_injector import containers, providers

from merx.contexts.notifications.container import NotificationsContainer
from merx.contexts.orders.events import OrderPlaced, PlacedLine
from merx.infra.guest_tokens import GuestTokens
from merx.infra.memory import MemoryStore
from merx.infra.outbox.events import SubscriberRegistry
from merx.infra.outbox.memory import MemoryOutbox
from merx.infra.postgres import Database
from merx.infra.settings import Settings
from merx.kernel.address import Address
from merx.kernel.ids import new_id
from merx.kernel.money import Money
from tests.support.clock import FixedClock

NOW = FixedClock().now()


def placed(**changes: Any) -> OrderPlaced:
    """An order of a guest: two shirts and a hat."""

    def line(name: str, options: dict[str, str], quantity: int, price: int) -> PlacedLine:
        return PlacedLine(
            new_id(),
            new_id(),
            "SKU",
            name,
            options,
            quantity,
            Money(price, "USD"),
            Money(price * quantity, "USD"),
        )

    fields = {
        "at": NOW,
        "order_id": new_id(),
        "number": "M-7K3Q-92",
        "customer_id": None,
        "email": "Ada@Example.com",
        "address": Address(
            name="Ada Lovelace", line1="12 St James's Square", city="London", country="GB", postal_code="SW1Y 4JH"
        ),
        "shipping_name": "Standard",
        "payment_method": "cash_on_delivery",
        "items_total": Money(129_900, "USD"),
        "shipping_total": Money(500, "USD"),
        "total": Money(130_400, "USD"),
        "lines": (line("Shirt", {"colour": "red", "size": "M"}, 2, 60_000), line("Hat", {}, 1, 9_900)),
    }
    return OrderPlaced(**{**fields, **changes})


class Kit:
    """The wired context; `mails` are those in the memory mailbox."""

    def __init__(self, storage: str, database: Database | None = None, **settings: Any) -> None:
        self.clock = FixedClock()
        infra = containers.DynamicContainer()
        self.settings = Settings(storage="memory", public_url="https://shop.example", **settings)
        for name, value in {
            "settings": self.settings,
            "storage": storage,
            "clock": self.clock,
            "database": database,
            "store": MemoryStore(),
            "outbox": MemoryOutbox(SubscriberRegistry()),
            "guest_tokens": GuestTokens(b"k" * 32),
        }.items():
            infra.set_provider(name, providers.Object(value))
        self.container = NotificationsContainer(infra=infra)

    async def send(self, event: Any) -> None:
        await self.container.send_mail()(event)

    @property
    def mails(self) -> list[Any]:
        return list(self.container.mailbox().messages)

    async def message(self, dedupe_key: str) -> Any:
        async with self.container.uow() as uow:
            return await uow.messages.of(dedupe_key)


@pytest.fixture
def memory_kit() -> Kit:
    return Kit("memory")


@pytest.fixture
async def postgres_kit(database_url: str) -> AsyncIterator[Kit]:
    database = Database(Settings(database_url=database_url))
    yield Kit("postgres", database)
    await database.close()


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.services)])
def kit(request: pytest.FixtureRequest) -> Kit:
    found: Kit = request.getfixturevalue(f"{request.param}_kit")
    return found
