"""S35: limits hold over a day, so that many small changes are no way round them."""

import io
from contextlib import aclosing
from datetime import timedelta

import msgspec
import pytest

from merx.contexts.catalog.domain.product import Product
from merx.contexts.catalog.usecases.commands import EditProduct, EditVariant, Price
from merx.contexts.inventory.domain.errors import BelowPromised, UnknownVariant
from merx.contexts.inventory.usecases.stock import CreateLocation
from merx.kernel.actor import WAIVES_STEP_UP, Actor, ActorKind
from merx.kernel.approvals import ApprovalOver, OwnRequest
from merx.kernel.errors import Forbidden
from merx.kernel.ids import new_id
from tests.contexts.approvals.conftest import Shop, person

DAY = timedelta(hours=24)


async def test_s35_many_small_changes_of_a_price_are_one_large_one(shop: Shop):
    lamp, ada, bob = await shop.lamp(), person(), person()
    assert await shop.reprice(ada, lamp, 90_00) is None
    assert await shop.reprice(bob, lamp, 80_00) is None
    asked = await shop.reprice(ada, lamp, 79_99)
    assert asked is not None
    assert await shop.price(lamp) == 80_00
    # Back is no change from where it stood.
    assert await shop.reprice(bob, lamp, 100_00) is None
    shop.clock.advance(DAY - timedelta(seconds=1))
    assert await shop.reprice(ada, lamp, 79_99) is not None
    shop.clock.advance(timedelta(seconds=1))
    assert await shop.reprice(ada, lamp, 80_00) is None


async def test_s35_the_day_of_a_price_is_a_whole_one(shop: Shop):
    lamp, ada = await shop.lamp(), person()
    assert await shop.reprice(ada, lamp, 90_00) is None
    shop.clock.advance(DAY - timedelta(seconds=1))
    assert await shop.reprice(ada, lamp, 79_99) is not None
    shop.clock.advance(timedelta(seconds=1))
    assert await shop.reprice(ada, lamp, 79_99) is None


async def test_s35_the_day_moves_on_with_each_change(shop: Shop):
    """Not a window that starts anew: at its border two limits would come together."""
    lamp, ada = await shop.lamp(), person()
    assert await shop.reprice(ada, lamp, 120_00) is None
    shop.clock.advance(timedelta(hours=23))
    assert await shop.reprice(ada, lamp, 97_00) is None
    shop.clock.advance(timedelta(hours=1))
    # A day ago it was 120.00.
    assert await shop.reprice(ada, lamp, 90_00) is not None
    assert await shop.reprice(ada, lamp, 96_00) is None
    assert await shop.catalog.edit_product()(ada, lamp.id, EditProduct(description="Bright")) is None
    shop.clock.advance(timedelta(hours=23))
    # And now 97.00, which is nearer to 90.00.
    assert await shop.reprice(ada, lamp, 90_00) is None


async def test_s35_what_two_agreed_to_is_what_the_next_is_measured_by(shop: Shop):
    lamp, ada, bob = await shop.lamp(), person(), person()
    assert await shop.reprice(ada, lamp, 110_00) is None
    asked = await shop.reprice(ada, lamp, 50_00)
    assert asked is not None
    await shop.decide.approve(bob, asked.approval_id)
    assert await shop.price(lamp) == 50_00
    assert await shop.reprice(ada, lamp, 60_00) is None
    assert await shop.reprice(ada, lamp, 60_01) is not None
    await shop.reprice(Actor.system(), lamp, 10_00)
    assert await shop.reprice(ada, lamp, 12_00) is None
    assert await shop.reprice(ada, lamp, 12_01) is not None


async def test_s35_a_chain_of_new_variants_is_no_way_round(shop: Shop):
    lamp, ada = await shop.lamp(), person()

    async def add(amount: int) -> bool:
        new = EditVariant(sku=f"L-{amount}", price=Price(amount=amount, currency="USD"), options={"n": str(amount)})
        return await shop.catalog.edit_product()(ada, lamp.id, EditProduct(variants=[new])) is None

    assert await add(80_00)
    assert not await add(64_00), "it is near to a price of today alone"
    (_, cheap) = (await shop.product(lamp.id)).variants
    edit = EditVariant(id=cheap.id, price=Price(amount=70_00, currency="USD"))
    assert await shop.catalog.edit_product()(ada, lamp.id, EditProduct(variants=[edit])) is not None
    shop.clock.advance(DAY)
    assert await add(64_00)


async def test_s35_an_imported_price_is_what_the_next_is_measured_by(shop: Shop):
    ada, handler = person(), shop.catalog.import_catalogue()

    async def imported(price: int) -> Product:
        line = {"id": "L1", "name": "Lamp", "category": ["Lamps"], "price": price, "currency": "USD", "brand": "Acme"}
        content = msgspec.json.encode(line)
        started = await handler.run_for(f"digest-{price}", "file")
        async with aclosing(handler.batches(started, io.BytesIO(content))) as batches:
            assert [batch.products async for batch in batches] == [1]
        (document,) = await shop.catalog.api().export(None, 10)
        found: Product = await shop.product(document.product_id)
        return found

    lamp = await imported(100)
    assert await shop.reprice(ada, lamp, 81_00) is None
    assert (await imported(50)).variants[0].price.amount == 50_00
    assert await shop.reprice(ada, lamp, 60_01) is not None
    assert await shop.reprice(ada, lamp, 60_00) is None


async def test_s35_a_write_off_beyond_the_limit_waits_for_another_person(shop: Shop):
    goods, ada, bob = await shop.stock(100), person("inventory:write"), person("inventory:write")
    assert await shop.adjust(ada, goods, -4) is None
    assert await shop.adjust(bob, goods, -6) is None, "exactly the limit"
    asked = await shop.adjust(ada, goods, -1)
    assert asked is not None
    assert asked.kind == "inventory.write-off"
    assert await shop.on_hand(goods) == 90
    waiting = await shop.queries.one(asked.approval_id, shop.clock.now())
    assert (waiting.target, waiting.target_id, waiting.command["delta"]) == ("variant", goods, -1)
    with pytest.raises(OwnRequest):
        await shop.decide.approve(ada, asked.approval_id)
    with pytest.raises(Forbidden):
        await shop.decide.approve(person("catalog:write"), asked.approval_id)
    # Stock goes on moving meanwhile; a difference stays right.
    assert await shop.adjust(bob, goods, 5) is None
    await shop.decide.approve(bob, asked.approval_id)
    with pytest.raises(ApprovalOver):
        await shop.decide.approve(person(), asked.approval_id)
    assert await shop.on_hand(goods) == 94
    assert await shop.inventory.queries().discrepancies() == []
    assert (await shop.trail())[-2:] == ["approvals.approval-given", "inventory.stock-adjusted"]


async def test_s35_write_offs_are_counted_within_a_day_and_for_each_variant(shop: Shop):
    goods, other, ada = await shop.stock(100), await shop.stock(100), person()
    large = await shop.adjust(ada, goods, -30)
    assert large is not None
    await shop.decide.approve(person(), large.approval_id)
    # What two agreed to leaves one person the whole of the limit.
    assert await shop.adjust(ada, goods, -10) is None
    assert await shop.adjust(ada, goods, -1) is not None
    assert await shop.adjust(ada, other, -10) is None
    # What was counted in again may be counted out again.
    assert await shop.adjust(ada, goods, 3) is None
    assert await shop.adjust(ada, goods, -3) is None
    assert await shop.adjust(ada, goods, -1) is not None
    # By the time of the database: the test itself takes less than a minute.
    await shop.later(DAY - timedelta(minutes=1))
    assert await shop.adjust(ada, goods, -1) is not None
    await shop.later(timedelta(minutes=1))
    assert await shop.adjust(ada, goods, -10) is None
    assert await shop.adjust(Actor.system(), goods, -20) is None
    assert await shop.on_hand(goods) == 30


async def test_s35_another_location_is_no_way_round(shop: Shop):
    goods, ada = await shop.stock(100), person()
    attic = await shop.count.create_location(Actor.system(), CreateLocation(code="attic", name="Attic", priority=9))
    assert await shop.adjust(Actor.system(), goods, 50, location_id=attic) is None
    assert await shop.adjust(ada, goods, -6, location_id=attic) is None
    asked = await shop.adjust(ada, goods, -6)
    assert asked is not None
    await shop.decide.approve(person(), asked.approval_id)
    assert await shop.on_hand(goods) == 138


async def test_s35_what_is_counted_in_elsewhere_hides_no_loss(shop: Shop):
    goods, ada = await shop.stock(100), person()
    attic = await shop.count.create_location(Actor.system(), CreateLocation(code="attic", name="Attic", priority=9))
    assert await shop.adjust(ada, goods, -10) is None
    assert await shop.adjust(ada, goods, 80, location_id=attic) is None
    assert await shop.adjust(ada, goods, -1) is not None, "units that are said to be in the attic are no proof"
    # Where they were counted in by mistake they may be counted out again, and not one more.
    assert await shop.adjust(ada, goods, -80, location_id=attic) is None
    assert await shop.adjust(ada, goods, 5) is None
    assert await shop.adjust(ada, goods, -5) is None
    assert await shop.adjust(ada, goods, -1) is not None


async def test_s35_what_could_not_be_written_off_is_not_asked_for_nor_by_programs(shop: Shop):
    goods, waived = await shop.stock(20), frozenset({"*", WAIVES_STEP_UP})
    key = Actor(kind=ActorKind.api_key, account_id=new_id(), permissions=waived)
    for who, variant_id, delta, error in (
        (person(), goods, -21, BelowPromised),
        (person(), new_id(), -11, UnknownVariant),
        (person("inventory:read"), goods, -11, Forbidden),
        (key, goods, -11, Forbidden),
    ):
        with pytest.raises(error):
            await shop.adjust(who, variant_id, delta)
    assert (await shop.queries.page(None, shop.clock.now(), None, 10)).items == []
    asked = await shop.adjust(person(), goods, -15)
    assert asked is not None
    await shop.adjust(Actor.system(), goods, -10)
    with pytest.raises(BelowPromised):
        await shop.decide.approve(person(), asked.approval_id)
    assert await shop.on_hand(goods) == 10
