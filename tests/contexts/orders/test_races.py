"""Many buyers, few units, several processes: simulated by checkouts that do not share a combiner."""

import asyncio
import dataclasses
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest

from merx.contexts.orders.domain.errors import SoldOut
from merx.contexts.orders.ports.neighbours import Missing, StockWish
from merx.infra.postgres import PostgresTx, compiled
from merx.kernel.model import Event
from tests.contexts.orders.conftest import Shop, request

pytestmark = pytest.mark.services

BUYERS, UNITS = 40, 10
_READ = compiled("select on_hand - allocated from inventory.stock where variant_id = :id")
_TAKE = compiled("update inventory.stock set allocated = allocated + :units where variant_id = :id")


class CarelessHolds:
    """What not to do: look first, take later, without a lock in between."""

    async def allocate(self, tx: Any, wishes: Sequence[StockWish]) -> tuple[list[tuple[Missing, ...]], list[Event]]:
        assert isinstance(tx, PostgresTx)
        gaps: list[tuple[Missing, ...]] = []
        for wish in wishes:
            ((variant_id, units),) = wish.quantities.items()
            left = await tx.fetchval(_READ, id=variant_id)
            await asyncio.sleep(0.02)
            if left < units:
                gaps.append((Missing(variant_id, units, left),))
            else:
                await tx.execute(_TAKE, id=variant_id, units=units)
                gaps.append(())
        return gaps, []


async def _race(shop: Shop, batch: Any) -> tuple[int, int, int]:
    """Sold, refused, promised in the end. Every checkout is a transaction of its own."""
    lamp = await shop.product(stock=UNITS)
    commands = [await shop.cart({lamp: 1}) for _ in range(BUYERS)]

    async def buy(command: Any) -> object:
        (answer,) = await batch([request(command)])
        return answer

    answers = await asyncio.gather(*(buy(command) for command in commands))
    sold = sum(not isinstance(answer, Exception) for answer in answers)
    refused = sum(isinstance(answer, SoldOut) for answer in answers)
    return sold, refused, (await shop.on_hand(lamp))[1]


async def test_exactly_what_is_there_is_sold(postgres_shop: Shop):
    batch = postgres_shop.contexts.orders.batch()
    assert await _race(postgres_shop, batch) == (UNITS, BUYERS - UNITS, UNITS)
    assert await postgres_shop.contexts.inventory.queries().discrepancies() == []


async def test_the_careless_way_sells_too_much(postgres_shop: Shop, owner_url: str):
    """The control: without it the test above would prove nothing."""
    owner = await asyncpg.connect(owner_url)
    await owner.execute("alter table inventory.stock drop constraint ck_stock_promised")
    await owner.close()
    careless = dataclasses.replace(postgres_shop.contexts.orders.batch(), stock=CarelessHolds())
    sold, _, _ = await _race(postgres_shop, careless)
    assert sold > UNITS


async def test_opposite_orders_of_lines_do_not_deadlock(postgres_shop: Shop):
    batch = postgres_shop.contexts.orders.batch()
    one, two = await postgres_shop.product(stock=100), await postgres_shop.product(stock=100)
    commands = [await postgres_shop.cart({one: 1, two: 1} if i % 2 else {two: 1, one: 1}) for i in range(40)]
    answers = await asyncio.gather(*(batch([request(command)]) for command in commands))
    assert not [answer for (answer,) in answers if isinstance(answer, Exception)]
    assert await postgres_shop.on_hand(one) == (100, 40)


async def test_one_cart_ordered_by_many_processes_is_one_order(postgres_shop: Shop):
    batch = postgres_shop.contexts.orders.batch()
    lamp = await postgres_shop.product()
    command = await postgres_shop.cart({lamp: 1})
    answers = await asyncio.gather(*(batch([request(command)]) for _ in range(20)))
    assert sorted(answer.status for (answer,) in answers) == [200] * 19 + [201]
    assert await postgres_shop.on_hand(lamp) == (10, 1)
