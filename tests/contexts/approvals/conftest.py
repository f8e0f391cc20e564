"""A shop in which prices move by a fifth at most and no right is given alone, on each storage."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from dependency_injector import providers

from merx.bootstrap.container import App
from merx.contexts.catalog.usecases.commands import CreateProduct, EditProduct, EditVariant, NewVariant, Price
from merx.contexts.identity.adapters.passwords import Argon2Passwords
from merx.contexts.identity.domain.account import AccountKind
from merx.contexts.identity.domain.role import OWNER
from merx.contexts.inventory.usecases.stock import AdjustStock
from merx.infra.http.auth import limits_of
from merx.infra.postgres import compiled
from merx.infra.settings import Settings
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.approvals import Asked
from merx.kernel.ids import new_id
from tests.support.apps import PATIENT, new_app
from tests.support.clock import FixedClock

LIMITED = {
    "second_person_price_percent": 20,
    "second_person_write_off_units": 10,
    "second_person_rights": ("*",),
    "second_person_days": 7,
}


def person(*permissions: str, fresh: bool = True, account_id: UUID | None = None) -> Actor:
    granted = frozenset(permissions or ("*",))
    return Actor(kind=ActorKind.staff, account_id=account_id or new_id(), permissions=granted, fresh=fresh)


class Shop:
    def __init__(self, app: App) -> None:
        self.app, self.clock = app, FixedClock()
        app.infra.clock.override(providers.Object(self.clock))
        app.registry.silence("search.")
        app.contexts.identity.passwords.override(providers.Object(Argon2Passwords(memory_kib=64, time_cost=1)))
        asked = limits_of(app.controllers)
        app.infra.permissions().learn(set(asked), asked)
        self.catalog, self.identity = app.contexts.catalog, app.contexts.identity
        self.inventory = app.contexts.inventory
        self.count = self.inventory.count_stock()
        self.decide = app.contexts.approvals.decide()
        self.queries = app.contexts.approvals.queries()

    async def lamp(self) -> Any:
        """For 100.00, on sale."""
        cmd = CreateProduct(name="Lamp", variants=[NewVariant(sku="LAMP", price=Price(amount=100_00, currency="USD"))])
        product_id = await self.catalog.create_product()(Actor.system(), cmd)
        await self.catalog.change_status().publish(Actor.system(), product_id)
        return await self.product(product_id)

    async def product(self, product_id: UUID) -> Any:
        async with self.catalog.uow() as uow:
            return await uow.products.get(product_id)

    async def price(self, lamp: Any) -> int:
        return int((await self.product(lamp.id)).variants[0].price.amount)

    async def reprice(self, actor: Actor, lamp: Any, amount: int, currency: str = "USD", **fields: Any) -> Asked | None:
        edit = EditVariant(id=lamp.variants[0].id, price=Price(amount=amount, currency=currency))
        asked: Asked | None = await self.catalog.edit_product()(actor, lamp.id, EditProduct(variants=[edit], **fields))
        return asked

    async def stock(self, units: int) -> UUID:
        """A variant with so many units at the main location."""
        variant_id = new_id()
        await self.count.open_with({variant_id: units})
        return variant_id

    async def on_hand(self, variant_id: UUID) -> int:
        return int((await self.inventory.queries().variant(variant_id)).on_hand)

    async def adjust(self, actor: Actor, variant_id: UUID, delta: int, **fields: Any) -> Asked | None:
        cmd = AdjustStock(variant_id=variant_id, delta=delta, reason="counted", **fields)
        asked: Asked | None = await self.count.adjust(actor, cmd)
        return asked

    async def later(self, by: timedelta) -> None:
        """For prices, which ask the clock, and for the ledger of stock, which has the time of its database."""
        self.clock.advance(by)
        if self.app.in_memory:
            ledger = self.app.infra.store().table("inventory.movement")
            ledger.update({id: (movement, at - by) for id, (movement, at) in ledger.items()})
            return
        async with self.inventory.uow() as uow:
            await uow.tx.execute(compiled("update inventory.movement set at = at - cast(:by as interval)"), by=by)
            await uow.commit()

    async def owner(self, email: str) -> Actor:
        return person(account_id=await self.member(email, roles=(OWNER,)))

    async def member(self, email: str, *permissions: str, roles: tuple[UUID, ...] = ()) -> UUID:
        ensure = self.identity.ensure_account()
        found: UUID = await ensure(email, "Sam", AccountKind.staff, permissions, "pass-word-of-sam", roles)
        return found

    async def trail(self) -> list[str]:
        rows = await self.app.contexts.audit.queries().rows(0, 100)
        return [row.action for row in rows]


@pytest.fixture
async def memory_shop() -> AsyncIterator[Shop]:
    app = new_app(Settings(storage="memory", **LIMITED))
    yield Shop(app)
    await app.close()


@pytest.fixture
async def postgres_shop(database_url: str, tmp_path: Any) -> AsyncIterator[Shop]:
    app = App(Settings(database_url=database_url, data_dir=str(tmp_path), **LIMITED, **PATIENT))
    yield Shop(app)
    await app.close()


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.services)])
def shop(request: pytest.FixtureRequest) -> Shop:
    found: Shop = request.getfixturevalue(f"{request.param}_shop")
    return found
