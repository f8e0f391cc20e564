"""Orders that leave or are called off, told through the outbox on both storages."""

from merx.contexts.catalog.events import ProductsPublished, VariantsAdded
from merx.kernel.ids import new_id
from tests.contexts.inventory.conftest import Stockroom
from tests.support.drain import drain


async def tell(room: Stockroom, *events) -> None:
    async with room.inventory.uow() as uow:
        uow.emit(*events)
        await uow.commit()
    await drain(room.app.deliverer, room.app.infra.deliveries())


async def test_stock_is_kept_from_the_first_news_of_a_variant(room):
    one, two = new_id(), new_id()
    now = room.clock.now()
    await tell(room, VariantsAdded(at=now, variant_ids=(one,)))
    await tell(room, ProductsPublished(at=now, product_ids=(new_id(),), variant_ids=(one, two)))
    assert (await room.numbers(one), await room.numbers(two)) == ((0, 0, 0), (0, 0, 0))


async def test_a_parcel_leaves_and_the_rest_is_called_off(room):
    variant = await room.variant(10)
    order = await room.order({variant: 5})
    await tell(room, room.shipped(order, {variant: 2}))
    assert await room.numbers(variant) == (8, 3, 5)
    await tell(room, room.cancelled(order, {variant: 3}))
    assert await room.numbers(variant) == (8, 0, 8)
    kinds = [movement.kind for movement in (await room.queries.movements(variant, 10, None)).items]
    assert kinds == ["released", "shipped", "allocated", "received"]
    assert await room.proved()
