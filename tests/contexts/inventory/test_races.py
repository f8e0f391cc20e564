"""Many buyers of few units, on PostgreSQL. The careless twin oversells, so the test proves something."""

import asyncio
import random

import pytest

from merx.contexts.inventory.domain.errors import BelowPromised
from merx.contexts.inventory.usecases.stock import AdjustStock
from merx.infra.postgres import compiled
from merx.kernel.ids import new_id
from tests.contexts.inventory.conftest import CLERK, Stockroom

pytestmark = pytest.mark.services

BUYERS, UNITS = 500, 50


@pytest.fixture
def room(postgres_room: Stockroom) -> Stockroom:
    return postgres_room


async def test_500_buyers_of_50_units_one_by_one(room):
    variant = await room.variant(UNITS)
    outcomes = await asyncio.gather(*(room.allocate({variant: 1}) for _ in range(BUYERS)))
    sold = [outcome for [outcome] in outcomes if not outcome.shortages]
    assert len(sold) == UNITS
    assert {outcome.shortages[0].available for [outcome] in outcomes if outcome.shortages} == {0}
    assert await room.numbers(variant) == (UNITS, UNITS, 0)
    assert await room.proved()


async def test_500_buyers_in_combined_transactions(room):
    variant = await room.variant(UNITS)
    outcomes = await asyncio.gather(*(room.allocate(*[{variant: 1}] * 25) for _ in range(BUYERS // 25)))
    assert sum(not outcome.shortages for group in outcomes for outcome in group) == UNITS
    assert await room.numbers(variant) == (UNITS, UNITS, 0)
    assert await room.proved()


async def test_control_reading_then_writing_without_a_lock_sells_more_than_there_is(room):
    variant = await room.variant(UNITS)
    read = compiled("select on_hand - allocated from inventory.stock where variant_id = :id")
    write = compiled("update inventory.stock set allocated = least(on_hand, allocated + 1) where variant_id = :id")

    async def careless() -> bool:
        async with room.inventory.uow() as uow:
            if await uow.tx.fetchval(read, id=variant) < 1:
                return False
            await uow.tx.execute(write, id=variant)
            await uow.commit()
        return True

    sold = sum(await asyncio.gather(*(careless() for _ in range(BUYERS))))
    assert sold > UNITS
    assert not await room.proved()


async def test_the_database_itself_refuses_to_promise_more_than_there_is(room):
    variant = await room.variant(1)
    async with room.inventory.uow() as uow:
        with pytest.raises(Exception, match="ck_stock_promised"):
            await uow.tx.execute(
                compiled("update inventory.stock set allocated = 2 where variant_id = :id"), id=variant
            )


async def test_the_same_two_variants_in_opposite_order(room):
    one, two = await room.variant(500), await room.variant(500)
    baskets = [{one: 1, two: 1} if n % 2 else {two: 1, one: 1} for n in range(200)]
    outcomes = await asyncio.gather(*(room.allocate(basket) for basket in baskets))
    assert all(not outcome.shortages for [outcome] in outcomes)
    assert (await room.numbers(one), await room.numbers(two)) == ((500, 200, 300), (500, 200, 300))


async def test_sales_cancellations_parcels_and_clerks_at_once(room):
    chance = random.Random(5)
    variants = [await room.variant(40) for _ in range(3)]

    async def shopper() -> None:
        basket = {chance.choice(variants): chance.randint(1, 3) for _ in range(2)}
        order_id = new_id()
        [outcome] = await room.allocate(basket, orders=[order_id])
        if outcome.shortages:
            return
        event = room.shipped(order_id, basket) if chance.random() < 0.5 else room.cancelled(order_id, basket)
        await asyncio.gather(*(room.hear(event) for _ in range(2)))

    async def clerk() -> None:
        try:
            cmd = AdjustStock(variant_id=chance.choice(variants), delta=chance.choice([-2, 3]), reason="count")
            await room.count.adjust(CLERK, cmd)
        except BelowPromised:
            return

    await asyncio.gather(*(shopper() for _ in range(80)), *(clerk() for _ in range(40)))
    assert await room.proved()
    for variant in variants:
        on_hand, promised, available = await room.numbers(variant)
        assert (promised, available) == (0, on_hand)


async def test_first_stock_from_two_sides_counts_once(room):
    variants = [new_id() for _ in range(20)]

    async def published() -> None:
        async with room.inventory.uow() as uow:
            await uow.stock.open(variants)
            await uow.commit()

    units = dict.fromkeys(variants, 7)
    await asyncio.gather(room.count.open_with(units), published(), room.count.open_with(units), published())
    assert {await room.numbers(variant) for variant in variants} == {(7, 0, 7)}
    assert await room.proved()
