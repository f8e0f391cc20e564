"""Payments on each storage, wired as in the application."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from dependency_injector import providers

from merx.bootstrap.container import App
from merx.contexts.orders.events import OrderCancelled
from merx.contexts.payments.api import OpenPayment
from merx.contexts.payments.domain.payment import Payment
from merx.infra.settings import Settings
from merx.kernel.actor import ActorKind
from merx.kernel.ids import new_id
from merx.kernel.money import Money
from tests.support.apps import new_app
from tests.support.asgi import AsgiClient
from tests.support.clock import FixedClock
from tests.support.news import told
from tests.support.stage import staged

DUE = Money(25_00, "USD")


class Till:
    def __init__(self, app: App) -> None:
        self.app = app
        app.registry.silence("orders.")  # there are none
        self.clock = FixedClock()
        app.infra.clock.override(providers.Object(self.clock))
        self.payments = app.contexts.payments
        self.collect = self.payments.collect_cash()
        self.queries = self.payments.queries()

    async def open(self, *amounts: Money, order_id: UUID | None = None) -> list[UUID]:
        """In one transaction, as checkout does it."""
        opened = [OpenPayment(new_id(), order_id or new_id(), "cod", amount) for amount in amounts or (DUE,)]
        async with self.payments.uow() as uow:
            await self.payments.api().open(uow.tx, opened, self.clock.now())
            await uow.commit()
        return [payment.payment_id for payment in opened]

    async def load(self, payment_id: UUID) -> Payment:
        async with self.payments.uow() as uow:
            found: Payment = await uow.payments.get(payment_id)
        return found

    def cancelled(self, order_id: UUID, *, whole: bool = True) -> OrderCancelled:
        return OrderCancelled(
            at=self.clock.now(), order_id=order_id, number="1", email="a@b.c", reason="r", quantities={}, whole=whole
        )

    async def told(self) -> list[str]:
        return await told(self.app)

    def staff(self, *permissions: str) -> dict[str, str]:
        given = permissions or ("payments:read", "payments:write")
        token = self.app.infra.access_tokens().issue(new_id(), ActorKind.staff, given)
        return {"authorization": f"Bearer {token}"}


@pytest.fixture
async def memory_till() -> AsyncIterator[Till]:
    app = new_app()
    yield Till(app)
    await app.close()


@pytest.fixture
async def postgres_till(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Till]:
    folder = tmp_path_factory.mktemp("shop")
    app = App(Settings(database_url=database_url, data_dir=str(folder)))
    yield Till(app)
    await app.close()


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.services)])
def till(request: pytest.FixtureRequest) -> Till:
    found: Till = request.getfixturevalue(f"{request.param}_till")
    return found


@pytest.fixture
async def client(memory_till: Till) -> AsgiClient:
    return AsgiClient(staged(memory_till.app.settings, memory_till.app))
