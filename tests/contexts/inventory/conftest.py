"""The inventory on each storage, wired as in the application."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import pytest
from dependency_injector import providers

from merx.bootstrap.container import App
from merx.contexts.inventory.api import AllocationOutcome, AllocationRequest
from merx.contexts.inventory.ports.queries import VariantStock
from merx.contexts.inventory.usecases.stock import CreateLocation
from merx.contexts.orders.events import OrderCancelled, OrderShipped
from merx.infra.settings import Settings
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.ids import new_id
from merx.kernel.model import Event
from tests.support.apps import new_app
from tests.support.asgi import AsgiClient
from tests.support.clock import FixedClock
from tests.support.stage import staged

CLERK = Actor(kind=ActorKind.staff, account_id=UUID(int=7), permissions=frozenset({"*"}))


class Stockroom:
    def __init__(self, app: App) -> None:
        self.app = app
        self.clock = FixedClock()
        app.infra.clock.override(providers.Object(self.clock))
        self.inventory = app.contexts.inventory
        self.count = self.inventory.count_stock()
        self.queries = self.inventory.queries()
        self.told: list[Event] = []

    async def variant(self, units: int = 10) -> UUID:
        variant_id = new_id()
        await self.count.open_with({variant_id: units})
        return variant_id

    async def location(self, code: str, priority: int = 5) -> UUID:
        return await self.count.create_location(Actor.system(), CreateLocation(code=code, name=code, priority=priority))

    async def close(self, location_id: UUID) -> None:
        async with self.inventory.uow() as uow:
            location = await uow.locations.get(location_id)
            location.active = False
            await uow.locations.save(location)
            await uow.commit()

    async def allocate(self, *wanted: dict[UUID, int], orders: Sequence[UUID] = ()) -> list[AllocationOutcome]:
        """One transaction for all of them, as checkout does it."""
        requests = [
            AllocationRequest(order_id, quantities)
            for order_id, quantities in zip(orders or [new_id() for _ in wanted], wanted, strict=True)
        ]
        async with self.inventory.uow() as uow:
            outcomes, events = await self.inventory.api().allocate(uow.tx, requests)
            uow.emit(*events)
            await uow.commit()
        self.told += events
        return outcomes

    async def order(self, quantities: dict[UUID, int]) -> UUID:
        order_id = new_id()
        [outcome] = await self.allocate(quantities, orders=[order_id])
        assert outcome.shortages == ()
        return order_id

    async def hear(self, event: OrderCancelled | OrderShipped) -> None:
        """As the deliverer runs the subscriber, once."""
        handlers = self.inventory.give_back()
        handler = handlers.on_order_cancelled if isinstance(event, OrderCancelled) else handlers.on_order_shipped
        async with self.inventory.uow() as uow:
            await handler(event, uow)
            await uow.commit()

    def cancelled(self, order_id: UUID, quantities: dict[UUID, int]) -> OrderCancelled:
        return OrderCancelled(
            at=self.clock.now(), order_id=order_id, number="1", email="a@b.c", reason="r", quantities=quantities
        )

    def shipped(self, order_id: UUID, quantities: dict[UUID, int]) -> OrderShipped:
        return OrderShipped(
            at=self.clock.now(),
            order_id=order_id,
            number="1",
            email="a@b.c",
            shipment_id=new_id(),
            carrier="Van",
            tracking_number="1",
            quantities=quantities,
        )

    async def stock(self, variant_id: UUID) -> VariantStock:
        found: VariantStock = await self.queries.variant(variant_id)
        return found

    async def numbers(self, variant_id: UUID) -> tuple[int, int, int]:
        """On hand, promised, available."""
        stock = await self.stock(variant_id)
        return stock.on_hand, stock.allocated, stock.available

    async def proved(self) -> bool:
        return await self.queries.discrepancies() == []

    def staff(self, *permissions: str) -> dict[str, str]:
        given = permissions or ("inventory:read", "inventory:write")
        token = self.app.infra.access_tokens().issue(new_id(), ActorKind.staff, given)
        return {"authorization": f"Bearer {token}"}


def of_kind(events: Sequence[Any], kind: type) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


@pytest.fixture
async def memory_room() -> AsyncIterator[Stockroom]:
    app = new_app()
    yield Stockroom(app)
    await app.close()


@pytest.fixture
async def postgres_room(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stockroom]:
    folder = tmp_path_factory.mktemp("shop")
    # As many buyers at once as a busy process has.
    app = App(Settings(database_url=database_url, data_dir=str(folder), database_pool=20, pool_wait_ms=60_000))
    yield Stockroom(app)
    await app.close()


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.services)])
def room(request: pytest.FixtureRequest) -> Stockroom:
    found: Stockroom = request.getfixturevalue(f"{request.param}_room")
    return found


@pytest.fixture
async def client(memory_room: Stockroom) -> AsgiClient:
    return AsgiClient(staged(memory_room.app.settings, memory_room.app))
