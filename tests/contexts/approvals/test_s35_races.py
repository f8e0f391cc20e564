"""S35: many hands within a limit that holds over a day, on PostgreSQL. Each rule has a careless twin that breaks it."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from merx.contexts.catalog.adapters.postgres import PostgresCatalogUow
from merx.contexts.catalog.adapters.postgres.price_steps import PostgresPriceSteps
from merx.contexts.catalog.usecases.commands import EditProduct, EditVariant, Price
from merx.contexts.catalog.usecases.edit_product import EditProductHandler
from merx.contexts.inventory.domain.location import MAIN_LOCATION
from merx.contexts.inventory.usecases.stock import AdjustStock
from merx.infra.postgres import PostgresTx, compiled
from merx.kernel.errors import StaleVersion
from merx.kernel.money import Money
from tests.contexts.approvals.conftest import Shop, person

pytestmark = pytest.mark.services

HANDS = 8


@pytest.fixture
def shop(postgres_shop: Shop) -> Shop:
    return postgres_shop


async def lower(shop: Shop, edit: EditProductHandler, lamp: Any) -> None:
    """By a tenth of what it costs now, until it is done or would need somebody else."""
    while True:
        price = Price(amount=await shop.price(lamp) * 9 // 10, currency="USD")
        try:
            await edit(person(), lamp.id, EditProduct(variants=[EditVariant(id=lamp.variants[0].id, price=price)]))
        except StaleVersion:
            continue
        return


async def test_s35_many_who_lower_a_price_at_once_stay_within_one_limit(shop: Shop):
    lamp = await shop.lamp()
    await asyncio.gather(*(lower(shop, shop.catalog.edit_product(), lamp) for _ in range(HANDS)))
    assert await shop.price(lamp) == 81_00


class EarlySteps(PostgresPriceSteps):
    """What it was before the product was read."""

    def __init__(self, tx: PostgresTx, stood: Mapping[UUID, Money]) -> None:
        super().__init__(tx)
        self._known = stood

    async def stood(self, variant_ids: Sequence[UUID], since: datetime) -> Mapping[UUID, Money]:
        return self._known


async def test_s35_the_control_that_reads_steps_before_the_product_leaves_the_limit(shop: Shop):
    lamp, usual = await shop.lamp(), shop.catalog.edit_product()
    ready = asyncio.Barrier(HANDS)

    async def early() -> None:
        async with usual.uow() as uow:
            stood = await uow.price_steps.stood([lamp.variants[0].id], shop.clock.now())
        await ready.wait()

        class CarelessUow(PostgresCatalogUow):
            def open(self, tx: PostgresTx) -> None:
                super().open(tx)
                self.price_steps = EarlySteps(tx, stood)

        edit = EditProductHandler(
            lambda: CarelessUow(shop.app.infra.database(), shop.app.infra.outbox()),
            usual.clock,
            usual.limit,
            usual.second,
        )
        await lower(shop, edit, lamp)

    await asyncio.gather(*(early() for _ in range(HANDS)))
    assert await shop.price(lamp) < 80_00


async def test_s35_many_who_write_off_at_once_stay_within_one_limit(shop: Shop):
    goods = await shop.stock(100)
    done = await asyncio.gather(*(shop.adjust(person(), goods, -2) for _ in range(HANDS)))
    assert sum(asked is None for asked in done) == 5
    assert await shop.on_hand(goods) == 90


async def test_s35_the_control_that_sums_before_it_locks_leaves_the_limit(shop: Shop):
    goods, ready = await shop.stock(100), asyncio.Barrier(HANDS)
    take = compiled("update inventory.stock set on_hand = on_hand - 2 where variant_id = :id")

    async def careless() -> None:
        async with shop.inventory.uow() as uow:
            gone = await uow.stock.written_off(goods, MAIN_LOCATION)
            await ready.wait()
            if shop.count.limit.exceeded(AdjustStock(variant_id=goods, delta=-2, reason="r").delta, gone):
                return
            await uow.tx.execute(take, id=goods)
            await uow.commit()

    await asyncio.gather(*(careless() for _ in range(HANDS)))
    assert await shop.on_hand(goods) < 90
