"""What is always true of a shop at work is true of this one; and what is not is found, by its id and nothing else."""

from typing import Any
from uuid import UUID

import pytest

from merx.contexts.inventory.adapters.memory import STOCK
from merx.contexts.orders.domain.order import Order
from merx.contexts.orders.usecases.commands import CancelOrder, ShipOrder, ShippedLine
from merx.contexts.payments.usecases.collect import CollectCash
from merx.infra.postgres import compiled
from merx.kernel.actor import Actor
from merx.kernel.money import Money
from tests.contexts.orders.conftest import EMAIL, Shop

STAFF = Actor.system()


async def broken(shop: Shop) -> dict[str, list[str]]:
    report = await shop.contexts.operations.check_invariants()()
    assert all(each.holds is not None for each in report.invariants)
    assert report.hold == all(each.holds for each in report.invariants)
    assert EMAIL not in str(report)
    return {each.name: each.broken for each in report.invariants if not each.holds}


async def bought(shop: Shop) -> tuple[UUID, UUID]:
    """An order of three pieces, and its variant."""
    variant_id = await shop.product()
    return (await shop.order({variant_id: 3})).order.id, variant_id


async def order_of(shop: Shop, order_id: UUID) -> Order:
    async with shop.contexts.orders.uow() as uow:
        found: Order = await uow.orders.get(order_id)
        return found


async def test_they_hold_whatever_was_done(shop: Shop):
    sent, _ = await bought(shop)
    called_off, _ = await bought(shop)
    order = await order_of(shop, sent)
    two = ShippedLine(line_id=order.lines[0].id, quantity=2)
    await shop.contexts.orders.ship_order()(STAFF, sent, ShipOrder(carrier="Post", lines=[two]))
    collect = CollectCash(payment_id=order.payment_id, amount=order.total, reference="R 1")
    await shop.contexts.payments.collect_cash()(STAFF, collect)
    await shop.contexts.orders.cancel_order()(STAFF, called_off, CancelOrder(reason="twice"), opens_order=False)
    await shop.app.deliverer.drain()
    report = await shop.contexts.operations.check_invariants()()
    assert report.hold, report
    assert {each.name for each in report.invariants} == {
        "audit.today-is-intact",
        "inventory.stock-is-proved",
        "orders.parcels-hold-what-was-sent",
        "orders.totals-are-sums",
        "payments.money-is-proved",
        "platform.news-arrive",
        "platform.nothing-was-given-up",
    }


@pytest.mark.parametrize("what", ["price", "items"])
async def test_a_wrong_sum_is_found(shop: Shop, what: str):
    order_id, _ = await bought(shop)
    async with shop.contexts.orders.uow() as uow:
        order = await uow.orders.get(order_id)
        if what == "price":
            order.lines[0].unit_price += Money(1, "USD")
        else:
            order.items_total += Money(1, "USD")
            order.total += Money(1, "USD")
        await uow.orders.save(order)
        await uow.commit()
    assert await broken(shop) == {"orders.totals-are-sums": [str(order_id)]}


async def test_pieces_that_were_sent_in_no_parcel_are_found(shop: Shop):
    order_id, _ = await bought(shop)
    async with shop.contexts.orders.uow() as uow:
        order = await uow.orders.get(order_id)
        order.lines[0].shipped = 1
        await uow.orders.save(order)
        await uow.commit()
    assert await broken(shop) == {"orders.parcels-hold-what-was-sent": [str(order.lines[0].id)]}


async def test_money_that_nobody_told_of_is_found(shop: Shop):
    order = await order_of(shop, (await bought(shop))[0])
    async with shop.contexts.payments.uow() as uow:
        payment = await uow.payments.get(order.payment_id)
        payment.captured = 1
        await uow.payments.save(payment)
        await uow.commit()
    assert await broken(shop) == {"payments.money-is-proved": [str(order.payment_id)]}


async def test_what_the_tables_of_postgresql_refuse_is_found_in_memory(memory_shop: Shop):
    shop = memory_shop
    made = [(await bought(shop))[0] for _ in range(3)]
    orders = [await order_of(shop, order_id) for order_id in made]
    async with shop.contexts.orders.uow() as uow:
        dear, too_many = await uow.orders.get(made[0]), await uow.orders.get(made[1])
        dear.total += Money(1, "USD")
        line = too_many.lines[0]
        line.cancelled = line.quantity + 1
        for order in (dear, too_many):
            await uow.orders.save(order)
        await uow.commit()
    async with shop.contexts.payments.uow() as uow:
        payment = await uow.payments.get(orders[2].payment_id)
        payment.refunded = 1
        await uow.payments.save(payment)
        await uow.commit()
    assert await broken(shop) == {
        "orders.parcels-hold-what-was-sent": [str(line.id)],
        "orders.totals-are-sums": [str(dear.id)],
        "payments.money-is-proved": [str(payment.id)],
    }


async def test_stock_that_no_ledger_proves_is_found(shop: Shop):
    _, variant_id = await bought(shop)
    await _one_more(shop, variant_id)
    [found] = (await broken(shop))["inventory.stock-is-proved"]
    assert found.startswith(f"{variant_id} at ")


async def _one_more(shop: Shop, variant_id: UUID) -> None:
    if shop.app.in_memory:
        rows: dict[Any, Any] = shop.app.infra.store().table(STOCK)
        for (of, _), row in rows.items():
            row.on_hand += of == variant_id
        return
    async with shop.contexts.inventory.uow() as uow:
        await uow.tx.execute(
            compiled("update inventory.stock set on_hand = on_hand + 1 where variant_id = cast(:id as uuid)"),
            id=variant_id,
        )
        await uow.commit()
