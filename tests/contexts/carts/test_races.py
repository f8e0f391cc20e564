"""Many hands on one cart, on PostgreSQL. Each rule has a careless twin that breaks it."""

import asyncio
from datetime import timedelta

import pytest

from merx.contexts.carts.adapters.postgres import CartRow, CombinedCartEdits, PostgresCartsUow
from merx.contexts.carts.api import CartStatus
from merx.contexts.carts.domain.cart import Attempt
from merx.contexts.carts.domain.errors import CartClosed, CartNotFound, UnknownVariant
from merx.contexts.carts.usecases.access import Visitor
from merx.contexts.carts.usecases.delivery import SetAddress
from merx.contexts.carts.usecases.edit_lines import AddLine
from merx.contexts.carts.usecases.merge_carts import MergeCarts
from merx.infra.postgres import compiled, json_text
from merx.kernel.errors import Unavailable
from merx.kernel.ids import new_id
from tests.contexts.carts.conftest import ADDRESS, EMAIL, GUEST, Shop
from tests.support.customers import customer

pytestmark = pytest.mark.services

TABS = 40
WRITE_LINES = compiled(f"update {CartRow.__table__.fullname} set lines = cast(:lines as jsonb) where id = :cart_id")


async def test_parallel_adds_of_one_variant_all_count(postgres_shop: Shop):
    variant = postgres_shop.catalogue.sell(available=500)
    cart = await postgres_shop.cart()
    views = await asyncio.gather(*(postgres_shop.add(cart.id, variant, 2) for _ in range(TABS)))
    after = await postgres_shop.read(cart.id)
    assert [line.quantity for line in after.lines] == [TABS * 2]
    assert after.version == TABS + 1
    # Everybody was shown a state that really was, no two the same.
    assert sorted(view.lines[0].quantity for view in views) == list(range(2, TABS * 2 + 1, 2))


async def test_control_read_then_write_without_a_lock_loses_units(postgres_shop: Shop):
    variant = postgres_shop.catalogue.sell(available=500)
    cart = await postgres_shop.cart()
    await postgres_shop.add(cart.id, variant, 2)

    async def careless() -> None:
        seen = await postgres_shop.container.reads().find(cart.id)
        seen.lines[0].quantity += 2
        async with postgres_shop.container.uow() as uow:
            await uow.tx.execute(WRITE_LINES, lines=json_text(seen.lines), cart_id=cart.id)
            await uow.commit()

    await asyncio.gather(*(careless() for _ in range(TABS - 1)))
    assert (await postgres_shop.read(cart.id)).lines[0].quantity < TABS * 2


async def test_parallel_adds_of_different_variants_all_stay(postgres_shop: Shop):
    variants = [postgres_shop.catalogue.sell(f"P{n}") for n in range(TABS)]
    cart = await postgres_shop.cart()
    await asyncio.gather(*(postgres_shop.add(cart.id, variant) for variant in variants))
    after = await postgres_shop.read(cart.id)
    assert {line.variant_id for line in after.lines} == set(variants)


async def test_the_line_limit_holds_under_parallel_adds(postgres_shop: Shop):
    variant = postgres_shop.catalogue.sell(available=5000)
    cart = await postgres_shop.cart()
    results = await asyncio.gather(
        *(postgres_shop.add(cart.id, variant, 100) for _ in range(12)), return_exceptions=True
    )
    assert [type(result).__name__ for result in results].count("QuantityLimit") == 3
    assert (await postgres_shop.read(cart.id)).lines[0].quantity == 900


async def test_one_request_sent_many_times_at_once_counts_once(postgres_shop: Shop):
    variant = postgres_shop.catalogue.sell(available=500)
    cart = await postgres_shop.cart()
    attempt = Attempt(key="k", fingerprint="f")
    command = AddLine(variant_id=variant, quantity=3)
    handler = postgres_shop.container.add_line()
    answers = await asyncio.gather(*(handler(GUEST, cart.id, command, attempt) for _ in range(20)))
    assert [replayed for _, replayed in answers].count(False) == 1
    assert {view.lines[0].quantity for view, _ in answers} == {3}


async def test_adds_racing_checkout_are_in_or_refused(postgres_shop: Shop):
    variant = postgres_shop.catalogue.sell(available=500)
    cart = await postgres_shop.cart()
    await postgres_shop.add(cart.id, variant)
    counted = 0

    async def checkout() -> None:
        nonlocal counted
        async with postgres_shop.container.uow() as uow:
            locked = await postgres_shop.container.api().lock(uow.tx, [cart.id])
            counted = locked[cart.id].lines[0].quantity
            await postgres_shop.container.api().complete(uow.tx, [cart.id], postgres_shop.clock.now())
            await uow.commit()

    adds = [postgres_shop.add(cart.id, variant) for _ in range(20)]
    results = await asyncio.gather(*adds[:10], checkout(), *adds[10:], return_exceptions=True)
    refused = [result for result in results if isinstance(result, Exception)]
    assert all(isinstance(result, CartClosed) for result in refused)
    after = await postgres_shop.read(cart.id)
    assert after.status is CartStatus.completed
    # What checkout counted is what the cart holds for ever.
    assert after.lines[0].quantity == counted == 21 - len(refused)


async def test_merging_twice_at_once_counts_once(postgres_shop: Shop):
    customer_id = new_id()
    variant = postgres_shop.catalogue.sell(available=500)
    own, guests = await postgres_shop.cart(customer_id), await postgres_shop.cart()
    await postgres_shop.add(own.id, variant, 5, Visitor(customer(customer_id), False))
    await postgres_shop.add(guests.id, variant, 3)
    merges = (
        postgres_shop.container.merge_carts()(customer(customer_id), True, MergeCarts(cart_id=guests.id))
        for _ in range(10)
    )
    views = await asyncio.gather(*merges)
    assert {view.lines[0].quantity for view in views} == {8}
    assert sum(len(view.merge_result.added) for view in views) == 1


async def test_merging_two_guest_carts_in_opposite_order_of_ids(postgres_shop: Shop):
    customer_id = new_id()
    variant = postgres_shop.catalogue.sell(available=5000)
    before = [await postgres_shop.cart() for _ in range(6)]
    own = await postgres_shop.cart(customer_id)
    after = [await postgres_shop.cart() for _ in range(6)]
    for cart in (*before, *after):
        await postgres_shop.add(cart.id, variant, 2)
    handler = postgres_shop.container.merge_carts()
    await asyncio.gather(
        *(handler(customer(customer_id), True, MergeCarts(cart_id=cart.id)) for cart in (*before, *after)),
        *(postgres_shop.add(own.id, variant, 1, Visitor(customer(customer_id), False)) for _ in range(10)),
    )
    view = await postgres_shop.read(own.id, Visitor(customer(customer_id), False))
    assert view.lines[0].quantity == 12 * 2 + 10


async def test_two_guest_carts_and_no_own_end_as_one(postgres_shop: Shop):
    """The first is taken over; the second finds it there, also when both looked at the same moment."""
    variant = postgres_shop.catalogue.sell(available=5000)
    for _ in range(5):
        customer_id = new_id()
        guests = [await postgres_shop.cart() for _ in range(3)]
        for cart in guests:
            await postgres_shop.add(cart.id, variant, 2)
        handler = postgres_shop.container.merge_carts()
        await asyncio.gather(*(handler(customer(customer_id), True, MergeCarts(cart_id=cart.id)) for cart in guests))
        view = await postgres_shop.container.read_cart().current(customer_id, None)
        assert view.lines[0].quantity == 6


async def test_add_racing_merge_is_kept_or_told(postgres_shop: Shop):
    customer_id = new_id()
    variant = postgres_shop.catalogue.sell(available=5000)
    own, guests = await postgres_shop.cart(customer_id), await postgres_shop.cart()
    results = await asyncio.gather(
        *(postgres_shop.add(guests.id, variant, 1, GUEST) for _ in range(10)),
        postgres_shop.container.merge_carts()(customer(customer_id), True, MergeCarts(cart_id=guests.id)),
        *(postgres_shop.add(guests.id, variant, 1, GUEST) for _ in range(10)),
        return_exceptions=True,
    )
    refused = [result for result in results if isinstance(result, Exception)]
    assert all(isinstance(result, CartNotFound) for result in refused)
    view = await postgres_shop.read(own.id, Visitor(customer(customer_id), False))
    assert sum(line.quantity for line in view.lines) == 20 - len(refused)


async def test_one_refused_edit_does_not_touch_the_others(postgres_shop: Shop):
    variant = postgres_shop.catalogue.sell(available=500)
    carts = [await postgres_shop.cart() for _ in range(5)]
    results = await asyncio.gather(
        *(postgres_shop.add(cart.id, wanted) for cart in carts for wanted in (variant, new_id(), variant)),
        postgres_shop.add(new_id(), variant),
        return_exceptions=True,
    )
    kinds = [type(result) for result in results]
    assert (kinds.count(UnknownVariant), kinds.count(CartNotFound)) == (5, 1)
    for cart in carts:
        after = await postgres_shop.read(cart.id)
        assert ([line.quantity for line in after.lines], after.version) == ([2], 3)


async def test_a_cart_held_by_somebody_holds_up_nobody_else(postgres_shop: Shop):
    variant = postgres_shop.catalogue.sell(available=500)
    held, free = await postgres_shop.cart(), await postgres_shop.cart()
    async with postgres_shop.container.uow() as uow:
        await postgres_shop.container.api().lock(uow.tx, [held.id])
        waiting = asyncio.ensure_future(postgres_shop.add(held.id, variant))
        views = await asyncio.wait_for(asyncio.gather(*(postgres_shop.add(free.id, variant) for _ in range(5))), 2)
        assert max(view.lines[0].quantity for view in views) == 5
        assert not waiting.done()
        await uow.commit()
    assert (await waiting).lines[0].quantity == 1


async def test_a_write_that_the_database_refuses_takes_nobody_along(postgres_shop: Shop):
    variant = postgres_shop.catalogue.sell(available=500)
    bad, good = await postgres_shop.cart(), await postgres_shop.cart()
    # No decoder let this through: a text that PostgreSQL cannot store.
    poison = SetAddress(email="a\0@example.com", address=ADDRESS)
    results = await asyncio.gather(
        postgres_shop.container.set_address()(GUEST, bad.id, poison),
        *(postgres_shop.add(good.id, variant) for _ in range(5)),
        postgres_shop.container.set_address()(GUEST, good.id, SetAddress(email=EMAIL, address=ADDRESS)),
        return_exceptions=True,
    )
    assert [isinstance(result, Exception) for result in results] == [True] + [False] * 6
    after = await postgres_shop.read(good.id)
    assert (after.lines[0].quantity, after.email) == (5, EMAIL)
    assert (await postgres_shop.read(bad.id)).version == 1


class LostAnswer(PostgresCartsUow):
    """The connection breaks after the commit and before its answer."""

    async def commit(self) -> None:
        await super().commit()
        raise Unavailable("connection lost")


async def test_an_unanswered_commit_is_not_done_twice(postgres_shop: Shop):
    variant = postgres_shop.catalogue.sell(available=500)
    cart = await postgres_shop.cart()
    await postgres_shop.add(cart.id, variant)
    box = postgres_shop.container
    edits = CombinedCartEdits(lambda: LostAnswer(box.infra.database(), box.infra.outbox()), box.single_edits())

    def more(held) -> None:
        held.lines[0].quantity += 1

    results = await asyncio.gather(
        *(edits.edit(customer(None), cart.id, "carts.line-changed", more) for _ in range(4)), return_exceptions=True
    )
    assert all(isinstance(result, Unavailable) for result in results)
    # The first was a batch of its own, the other three went together; each is stored once.
    assert (await postgres_shop.read(cart.id)).lines[0].quantity == 5


async def test_a_cart_that_somebody_holds_is_not_forgotten_and_not_waited_for(postgres_shop: Shop):
    held, other = await postgres_shop.cart(), await postgres_shop.cart()
    later = postgres_shop.clock.now() + timedelta(days=400)
    async with postgres_shop.container.uow() as shopper:
        await shopper.carts.lock(held.id)
        async with postgres_shop.container.uow() as job:
            assert await job.carts.forget_guests(later, 10) == 1
            await job.commit()
    reads = postgres_shop.container.reads()
    assert await reads.find(held.id) is not None
    assert await reads.find(other.id) is None
