"""Carts that guests leave behind."""

from datetime import timedelta

import pytest

from merx.contexts.carts.domain.errors import (
    CartNotFound,
)
from merx.kernel.ids import new_id
from tests.contexts.carts.conftest import Shop
from tests.contexts.carts.test_merging import merge


async def forget(shop: Shop) -> None:
    (job,) = shop.container.schedule()
    async with job.uow() as uow:
        await job.handler(None, uow)
        await uow.commit()


async def left(shop: Shop, *cart_ids) -> list:
    reads = shop.container.reads()
    return [cart_id for cart_id in cart_ids if await reads.find(cart_id) is not None]


async def test_what_guests_leave_behind_is_forgotten(shop):
    lamp, customer = shop.catalogue.sell("Lamp"), new_id()
    abandoned, empty, used = await shop.cart(), await shop.cart(), await shop.cart()
    ordered, merged = await shop.cart(), await shop.cart()
    own = await shop.cart(customer)
    for cart in (abandoned, merged, ordered):
        await shop.add(cart.id, lamp)
    await shop.complete(ordered.id)
    await merge(shop, customer, merged.id)
    every = [cart.id for cart in (abandoned, empty, used, ordered, merged, own)]
    shop.clock.advance(timedelta(days=29))
    await shop.add(used.id, lamp)
    shop.clock.advance(timedelta(days=1))
    await forget(shop)
    assert await left(shop, *every) == every
    shop.clock.advance(timedelta(seconds=1))
    await forget(shop)
    assert await left(shop, *every) == [used.id, ordered.id, own.id]
    with pytest.raises(CartNotFound):
        await shop.add(abandoned.id, lamp)
    # A guest who comes back in time keeps the cart for thirty days more.
    shop.clock.advance(timedelta(days=28))
    await forget(shop)
    assert await left(shop, *every) == [used.id, ordered.id, own.id]
    shop.clock.advance(timedelta(days=1))
    await forget(shop)
    assert await left(shop, *every) == [ordered.id, own.id]


async def test_guests_carts_are_forgotten_the_oldest_first_in_batches(shop):
    carts = []
    for _ in range(3):
        carts.append((await shop.cart()).id)
        shop.clock.advance(timedelta(days=1))
    async with shop.container.uow() as uow:
        assert await uow.carts.forget_guests(shop.clock.now(), 2) == 2
    assert await left(shop, *carts) == carts
    async with shop.container.uow() as uow:
        assert await uow.carts.forget_guests(shop.clock.now(), 2) == 2
        await uow.commit()
    assert await left(shop, *carts) == carts[2:]
    async with shop.container.uow() as uow:
        assert await uow.carts.forget_guests(shop.clock.now(), 2) == 1
        await uow.commit()
    assert await left(shop, *carts) == []
