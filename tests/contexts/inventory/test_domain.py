"""Who gets what, without any storage."""

from uuid import UUID

import pytest

from merx.contexts.inventory.api import AllocationRequest, Shortage
from merx.contexts.inventory.domain.errors import BelowPromised
from merx.contexts.inventory.domain.stock import Allocation, Shelf, Stock
from merx.contexts.inventory.events import StockChanged, StockRanOut, StockReturned
from merx.kernel.ids import new_id
from tests.support.clock import FixedClock

HERE, THERE = UUID(int=1), UUID(int=2)
A, B = UUID(int=10), UUID(int=11)


def shelf(*rows: tuple[UUID, UUID, int, int], closed: frozenset[UUID] = frozenset()) -> Shelf:
    return Shelf(
        (
            Stock(variant_id=v, location_id=place, on_hand=on_hand, allocated=promised, sequence=3)
            for v, place, on_hand, promised in rows
        ),
        closed,
    )


def take(stocked: Shelf, quantities: dict[UUID, int]):
    return stocked.allocate(AllocationRequest(new_id(), quantities))


class TestAllocate:
    def test_all_or_nothing(self):
        stocked = shelf((A, HERE, 5, 0), (B, HERE, 1, 0))
        outcome, taken = take(stocked, {A: 2, B: 2})
        assert outcome.shortages == (Shortage(B, 2, 1),)
        assert (taken, stocked.changed) == ([], [])

    def test_first_come_first_served(self):
        stocked = shelf((A, HERE, 5, 2))
        assert take(stocked, {A: 2})[0].shortages == ()
        assert take(stocked, {A: 2})[0].shortages == (Shortage(A, 2, 1),)
        assert take(stocked, {A: 1})[0].shortages == ()
        assert stocked.available(A) == 0

    def test_one_location_where_that_is_enough(self):
        stocked = shelf((A, HERE, 2, 0), (A, THERE, 5, 0))
        _, taken = take(stocked, {A: 3})
        assert [(item.location_id, item.quantity) for item in taken] == [(THERE, 3)]

    def test_else_in_the_order_of_locations(self):
        stocked = shelf((A, HERE, 2, 0), (A, THERE, 5, 1))
        _, taken = take(stocked, {A: 6})
        assert [(item.location_id, item.quantity) for item in taken] == [(HERE, 2), (THERE, 4)]
        assert stocked.available(A) == 0

    def test_what_is_unknown_is_short(self):
        assert take(shelf(), {A: 1})[0].shortages == (Shortage(A, 1, 0),)

    def test_closed_locations_sell_nothing(self):
        stocked = shelf((A, HERE, 9, 0), (A, THERE, 1, 0), closed=frozenset({HERE}))
        assert take(stocked, {A: 2})[0].shortages == (Shortage(A, 2, 1),)
        _, taken = take(stocked, {A: 1})
        assert taken[0].location_id == THERE


class TestGiveBack:
    @pytest.mark.parametrize(("sent", "on_hand"), [(False, 9), (True, 6)])
    def test_units_come_off_the_promise_and_leave_the_shelf_only_when_sent(self, sent, on_hand):
        stocked = shelf((A, HERE, 9, 0))
        _, taken = take(stocked, {A: 5})
        moved = stocked.give_back(taken, {A: 3}, sent=sent)
        assert [item.quantity for item in moved] == [3]
        [row] = stocked.changed
        assert (row.on_hand, row.allocated, taken[0].quantity) == (on_hand, 2, 2)

    def test_never_more_than_was_promised(self):
        stocked = shelf((A, HERE, 9, 0), (A, THERE, 9, 4))
        _, taken = take(stocked, {A: 5})
        moved = stocked.give_back(taken, {A: 8, B: 1}, sent=False)
        assert sum(item.quantity for item in moved) == 5
        assert stocked.give_back(taken, {A: 1}, sent=False) == []

    def test_from_a_location_that_was_closed_since(self):
        stocked = shelf((A, HERE, 9, 0))
        _, taken = take(stocked, {A: 5})
        closed = shelf((A, HERE, 9, 5), closed=frozenset({HERE}))
        assert len(closed.give_back(taken, {A: 5}, sent=True)) == 1
        assert closed.available(A) == 0


class TestEvents:
    def test_thresholds_are_told_once(self):
        stocked = shelf((A, HERE, 5, 0), (B, HERE, 0, 0))
        take(stocked, {A: 5})
        stocked.rows(B)[0].adjust(3)
        stocked.touch(stocked.rows(B)[0])
        changed, out, back = stocked.events(FixedClock())
        assert isinstance(changed, StockChanged)
        assert [(level.variant_id, level.available) for level in changed.levels] == [(A, 0), (B, 3)]
        assert (isinstance(out, StockRanOut), out.variant_ids) == (True, (A,))
        assert (isinstance(back, StockReturned), back.variant_ids) == (True, (B,))

    def test_what_was_out_before_is_not_told_again(self):
        stocked = shelf((A, HERE, 3, 3))
        promised = [Allocation(order_id=new_id(), variant_id=A, location_id=HERE, quantity=3)]
        stocked.give_back(promised, {A: 1}, sent=True)
        assert [type(event) for event in stocked.events(FixedClock())] == [StockChanged]

    def test_nothing_changed_nothing_told(self):
        assert shelf((A, HERE, 5, 0)).events(FixedClock()) == []

    def test_the_sequence_grows_by_one_a_transaction_also_beside_closed_locations(self):
        stocked = shelf((A, HERE, 5, 0), (A, THERE, 5, 0), closed=frozenset({THERE}))
        take(stocked, {A: 1})
        take(stocked, {A: 1})
        [changed] = stocked.events(FixedClock())
        assert (changed.levels[0].available, changed.levels[0].sequence) == (3, 3 + 3 + 1)


def test_what_is_promised_cannot_be_counted_away():
    row = Stock(variant_id=A, location_id=HERE, on_hand=5, allocated=3)
    row.adjust(-2)
    with pytest.raises(BelowPromised):
        row.adjust(-1)
    assert row.on_hand == 3
