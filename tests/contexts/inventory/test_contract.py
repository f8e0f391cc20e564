"""The same promises on memory and on PostgreSQL."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from merx.contexts.inventory.api import Shortage
from merx.contexts.inventory.domain.errors import BelowPromised, LocationTaken, UnknownLocation, UnknownVariant
from merx.contexts.inventory.domain.location import MAIN_LOCATION
from merx.contexts.inventory.events import StockChanged, StockRanOut
from merx.contexts.inventory.usecases.stock import AdjustStock, ReceiveStock
from merx.kernel.errors import Invalid
from merx.kernel.ids import new_id
from merx.kernel.paging import InvalidCursor, encode_cursor
from tests.contexts.inventory.conftest import CLERK, Stockroom, of_kind
from tests.support.apps import new_app


class TestFirstStock:
    async def test_once(self, room):
        one, two, none = new_id(), new_id(), new_id()
        assert await room.count.open_with({one: 5, two: 7, none: 0}) == 2
        assert await room.count.open_with({one: 9, two: 9, none: 0}) == 0
        assert [await room.numbers(v) for v in (one, two, none)] == [(5, 0, 5), (7, 0, 7), (0, 0, 0)]
        assert await room.count.open_with({}) == 0
        assert await room.proved()

    async def test_when_the_worker_kept_stock_at_zero_already(self, room):
        one, two = new_id(), new_id()
        async with room.inventory.uow() as uow:
            assert await uow.stock.open([one, two, one]) == [one, two]
            assert await uow.stock.open([two, one]) == []
            await uow.commit()
        assert await room.count.open_with({one: 5, two: 0}) == 1
        assert (await room.numbers(one), await room.numbers(two)) == ((5, 0, 5), (0, 0, 0))
        assert await room.proved()

    async def test_not_over_what_was_counted_down_to_nothing(self, room):
        variant = await room.variant(3)
        await room.count.adjust(CLERK, AdjustStock(variant_id=variant, delta=-3, reason="lost"))
        assert await room.count.open_with({variant: 100}) == 0
        assert await room.numbers(variant) == (0, 0, 0)


class TestCounting:
    async def test_in_and_out(self, room):
        variant = await room.variant(10)
        await room.count.receive(CLERK, ReceiveStock(variant_id=variant, quantity=5, reference="PO 7"))
        await room.count.adjust(CLERK, AdjustStock(variant_id=variant, delta=-2, reason="broken"))
        assert await room.numbers(variant) == (13, 0, 13)
        page = await room.queries.movements(variant, 10, None)
        assert [(m.kind, m.on_hand, m.reason) for m in page.items] == [
            ("adjusted", -2, "broken"),
            ("received", 5, "PO 7"),
            ("received", 10, "first stock"),
        ]
        assert page.items[0].actor == f"staff:{CLERK.account_id}"
        assert page.items[0].at is not None

    async def test_refusals(self, room):
        variant = await room.variant(10)
        await room.order({variant: 8})
        adjust = room.count.adjust
        with pytest.raises(BelowPromised):
            await adjust(CLERK, AdjustStock(variant_id=variant, delta=-3, reason="r"))
        with pytest.raises(Invalid):
            await adjust(CLERK, AdjustStock(variant_id=variant, delta=0, reason="r"))
        with pytest.raises(UnknownVariant):
            await adjust(CLERK, AdjustStock(variant_id=new_id(), delta=1, reason="r"))
        with pytest.raises(UnknownVariant):
            await adjust(CLERK, AdjustStock(variant_id=new_id(), delta=1, reason="r", location_id=MAIN_LOCATION))
        with pytest.raises(UnknownLocation):
            await adjust(CLERK, AdjustStock(variant_id=variant, delta=1, reason="r", location_id=new_id()))
        assert await room.numbers(variant) == (10, 8, 2)
        with pytest.raises(UnknownVariant):
            await room.stock(new_id())

    async def test_at_a_second_location(self, room):
        variant, attic = await room.variant(2), await room.location("attic")
        await room.count.receive(CLERK, ReceiveStock(variant_id=variant, quantity=3, location_id=attic))
        stock = await room.stock(variant)
        assert [(level.location, level.on_hand) for level in stock.locations] == [("main", 2), ("attic", 3)]
        order = await room.order({variant: 5})
        await room.hear(room.shipped(order, {variant: 5}))
        assert await room.numbers(variant) == (0, 0, 0)
        assert await room.proved()
        with pytest.raises(LocationTaken):
            await room.location("attic")
        assert [view.code for view in await room.queries.locations()] == ["main", "attic"]

    async def test_a_closed_location_is_counted_and_not_sold(self, room):
        variant, attic = await room.variant(2), await room.location("attic")
        await room.count.receive(CLERK, ReceiveStock(variant_id=variant, quantity=3, location_id=attic))
        order = await room.order({variant: 4})
        await room.close(attic)
        assert await room.inventory.api().available([variant]) == {variant: 0}
        [outcome] = await room.allocate({variant: 1})
        assert outcome.shortages == (Shortage(variant, 1, 0),)
        with pytest.raises(UnknownLocation):
            await room.count.receive(CLERK, ReceiveStock(variant_id=variant, quantity=3, location_id=attic))
        await room.hear(room.cancelled(order, {variant: 4}))
        assert await room.inventory.api().available([variant]) == {variant: 2}
        assert await room.proved()


class TestPromises:
    async def test_several_orders_in_one_transaction(self, room):
        variant, other = await room.variant(3), await room.variant(5)
        outcomes = await room.allocate({variant: 2}, {variant: 2, other: 1}, {variant: 1, other: 5}, {other: 1})
        assert [outcome.shortages for outcome in outcomes] == [
            (),
            (Shortage(variant, 2, 1),),
            (),
            (Shortage(other, 1, 0),),
        ]
        assert (await room.numbers(variant), await room.numbers(other)) == ((3, 3, 0), (5, 5, 0))
        assert await room.proved()

    async def test_nothing_is_promised_without_commit(self, room):
        variant = await room.variant(3)
        async with room.inventory.uow() as uow:
            await room.inventory.api().allocate(uow.tx, [])
        assert await room.numbers(variant) == (3, 0, 3)

    async def test_news_heard_twice_moves_stock_once(self, room):
        variant = await room.variant(10)
        order = await room.order({variant: 6})
        first, second = room.shipped(order, {variant: 2}), room.shipped(order, {variant: 1})
        for event in (first, second, first, second, first):
            await room.hear(event)
        assert await room.numbers(variant) == (7, 3, 4)
        called_off = room.cancelled(order, {variant: 3})
        for event in (called_off, called_off, first, room.cancelled(order, {variant: 3})):
            await room.hear(event)
        assert await room.numbers(variant) == (7, 0, 7)
        assert await room.proved()

    async def test_news_of_an_order_that_has_nothing(self, room):
        variant = await room.variant(10)
        await room.hear(room.cancelled(new_id(), {variant: 3, new_id(): 1}))
        assert await room.numbers(variant) == (10, 0, 10)

    async def test_what_is_told(self, room):
        variant = await room.variant(2)
        await room.allocate({variant: 1})
        await room.allocate({variant: 1})
        await room.allocate({variant: 1})
        levels = [level for event in of_kind(room.told, StockChanged) for level in event.levels]
        assert [(level.available, level.sequence) for level in levels] == [(1, 2), (0, 3)]
        assert [event.variant_ids for event in of_kind(room.told, StockRanOut)] == [(variant,)]

    async def test_available(self, room):
        one, two, three = await room.variant(2), await room.variant(0), new_id()
        assert await room.inventory.api().available([one, two, three]) == {one: 2, two: 0, three: 0}
        assert await room.inventory.api().available([]) == {}


class TestLists:
    async def test_movements_in_pages(self, room):
        variant, other = await room.variant(1), await room.variant(1)
        for n in range(5):
            await room.count.adjust(CLERK, AdjustStock(variant_id=variant, delta=1, reason=f"r{n}"))
        found, after = [], None
        while True:
            page = await room.queries.movements(variant, 2, after)
            found += [movement.reason for movement in page.items]
            if (after := page.next) is None:
                break
        assert found == ["r4", "r3", "r2", "r1", "r0", "first stock"]
        assert len((await room.queries.movements(None, 100, None)).items) == 7
        assert len((await room.queries.movements(other, 100, None)).items) == 1
        attic = await room.location("attic")
        await room.count.adjust(CLERK, AdjustStock(variant_id=other, delta=1, reason="up", location_id=attic))
        for variant_id, count in ((None, 1), (other, 1), (variant, 0)):
            there = (await room.queries.movements(variant_id, 100, None, attic)).items
            assert [movement.reason for movement in there] == ["up"] * count
        assert (await room.queries.movements(None, 100, None, new_id())).items == []

    async def test_low_stock_in_pages(self, room):
        variants = [await room.variant(n) for n in (0, 9, 3, 2)]
        await room.allocate({variants[1]: 7})
        found, after = [], None
        while True:
            page = await room.queries.low_stock(2, 1, after)
            found += [(low.variant_id, low.available) for low in page.items]
            if (after := page.next) is None:
                break
        assert found == [(variants[0], 0), (variants[1], 2), (variants[3], 2)]

    async def test_cursors_that_we_did_not_make(self, room):
        for cursor in ("!!", encode_cursor("no id"), encode_cursor(5), encode_cursor("a", "b")):
            with pytest.raises(InvalidCursor):
                await room.queries.movements(None, 5, cursor)
            with pytest.raises(InvalidCursor):
                await room.queries.low_stock(5, 5, cursor)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("order"), st.dictionaries(st.integers(0, 2), st.integers(1, 6), min_size=1)),
        st.tuples(st.just("ship"), st.integers(0, 9), st.integers(0, 2), st.integers(1, 6)),
        st.tuples(st.just("cancel"), st.integers(0, 9), st.integers(0, 2), st.integers(1, 6)),
        st.tuples(st.just("adjust"), st.integers(0, 2), st.integers(-8, 8).filter(bool)),
        st.tuples(st.just("receive"), st.integers(0, 2), st.integers(1, 8)),
        st.tuples(st.just("again"), st.integers(0, 20)),
    ),
    max_size=25,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_the_ledger_proves_every_counter_whatever_happens(steps):
    room = Stockroom(new_app())
    variants = [await room.variant(units) for units in (0, 3, 8)]
    attic = await room.location("attic")
    orders, heard = [], []
    for step in steps:
        match step:
            case ("order", quantities):
                order_id = new_id()
                [outcome] = await room.allocate(
                    {variants[n]: units for n, units in quantities.items()}, orders=[order_id]
                )
                if not outcome.shortages:
                    orders.append(order_id)
            case ("ship" | "cancel" as kind, number, which, units) if orders:
                make = room.shipped if kind == "ship" else room.cancelled
                heard.append(make(orders[number % len(orders)], {variants[which]: units}))
                await room.hear(heard[-1])
            case ("again", number) if heard:
                await room.hear(heard[number % len(heard)])
            case ("adjust", which, delta):
                try:
                    await room.count.adjust(CLERK, AdjustStock(variant_id=variants[which], delta=delta, reason="r"))
                except BelowPromised:
                    continue
            case ("receive", which, units):
                cmd = ReceiveStock(variant_id=variants[which], quantity=units, location_id=attic)
                await room.count.receive(CLERK, cmd)
    assert await room.proved()
    for variant in variants:
        for level in (await room.stock(variant)).locations:
            assert 0 <= level.allocated <= level.on_hand


async def test_a_counter_that_nothing_proves_is_found(memory_room):
    variant = await memory_room.variant(3)
    stock = memory_room.app.infra.store().table("inventory.stock")
    stock[variant, MAIN_LOCATION].on_hand = 4
    [found] = await memory_room.queries.discrepancies()
    assert (found.variant_id, found.on_hand, found.ledger_on_hand) == (variant, 4, 3)
