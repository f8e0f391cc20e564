"""The same promises on memory and on PostgreSQL."""

import asyncio
from types import NoneType

import pytest

from merx.contexts.payments.adapters.memory import open_payments as open_in_memory
from merx.contexts.payments.adapters.postgres import PostgresPaymentsUow, open_payments
from merx.contexts.payments.api import OpenPayment
from merx.contexts.payments.domain.errors import PaymentExists, PaymentNotFound, WrongAmount, WrongState
from merx.contexts.payments.domain.payment import PaymentState
from merx.contexts.payments.usecases.collect import CollectCash, CollectCashHandler
from merx.kernel.actor import Actor
from merx.kernel.errors import StaleVersion
from merx.kernel.ids import new_id
from merx.kernel.money import Money
from tests.contexts.payments.conftest import DUE
from tests.support.at_once import at_once, connected
from tests.support.drain import drain


async def test_what_checkout_opens(till):
    order_id = new_id()
    first, second = await till.open(DUE, Money(0, "INR"), order_id=order_id)
    view = await till.queries.payment(first)
    assert (view.order_id, view.method, view.state, view.amount) == (order_id, "cod", PaymentState.pending, DUE)
    assert (view.captured, view.refunded, view.created_at) == (0, 0, till.clock.now())
    assert (await till.queries.payment(second)).amount == Money(0, "INR")
    async with till.payments.uow() as uow:
        assert [payment.id for payment in await uow.of_order(order_id)] == sorted([first, second])
        assert await uow.of_order(new_id()) == []


async def test_money_is_taken_and_kept_with_its_history(till):
    [payment_id] = await till.open()
    for _ in range(2):
        await till.collect(Actor.system(), CollectCash(payment_id=payment_id, amount=DUE, reference="R 1"))
    held = await till.load(payment_id)
    assert (held.state, held.captured) == (PaymentState.captured, 25_00)
    assert [(news.kind, news.amount, news.applied, news.reference) for news in held.history] == [
        ("captured", 25_00, True, "R 1")
    ]
    assert (await till.told()).count("payments.payment-succeeded.v1") == 1


async def test_refusals_change_nothing(till):
    [payment_id] = await till.open()
    with pytest.raises(WrongAmount):
        await till.collect(Actor.system(), CollectCash(payment_id=payment_id, amount=Money(1, "USD"), reference="R1"))
    await till.collect(Actor.system(), CollectCash(payment_id=payment_id, amount=DUE, reference="R1"))
    with pytest.raises(WrongState):
        await till.collect(Actor.system(), CollectCash(payment_id=payment_id, amount=DUE, reference="R2"))
    assert len((await till.load(payment_id)).history) == 1


async def test_what_is_not_there(till):
    with pytest.raises(PaymentNotFound):
        await till.queries.payment(new_id())
    with pytest.raises(PaymentNotFound):
        await till.collect(Actor.system(), CollectCash(payment_id=new_id(), amount=DUE, reference="R1"))


async def test_nothing_is_opened_without_commit(till):
    given = OpenPayment(new_id(), new_id(), "cod", DUE)
    async with till.payments.uow() as uow:
        await till.payments.api().open(uow.tx, [given], till.clock.now())
    with pytest.raises(PaymentNotFound):
        await till.queries.payment(given.payment_id)


async def test_an_id_is_opened_once(till):
    [payment_id] = await till.open()
    twin = OpenPayment(payment_id, new_id(), "cod", Money(1, "USD"))
    new = OpenPayment(new_id(), new_id(), "cod", DUE)

    async def opened(*payments):
        async with till.payments.uow() as uow:
            await till.payments.api().open(uow.tx, payments, till.clock.now())
            await uow.commit()

    for wrong in ((new, twin), (new, new)):
        with pytest.raises(PaymentExists):
            await opened(*wrong)
    assert (await till.queries.payment(payment_id)).amount == DUE
    with pytest.raises(PaymentNotFound):
        await till.queries.payment(new.payment_id)


async def test_a_transaction_of_the_other_storage(till):
    wrong = open_payments if till.app.in_memory else open_in_memory
    async with till.payments.uow() as uow:
        with pytest.raises(TypeError):
            await wrong(uow.tx, [], till.clock.now())


async def cancel(till, order_id, *, whole=True):
    async with till.payments.uow() as uow:
        uow.emit(till.cancelled(order_id, whole=whole))
        await uow.commit()
    await drain(till.app.deliverer, till.app.infra.deliveries())


async def test_money_for_a_cancelled_order_is_not_asked_for(till):
    order_id = new_id()
    open_one, paid = await till.open(DUE, DUE, order_id=order_id)
    await till.collect(Actor.system(), CollectCash(payment_id=paid, amount=DUE, reference="R1"))
    await cancel(till, order_id, whole=False)
    assert (await till.queries.payment(open_one)).state is PaymentState.pending
    await cancel(till, order_id)
    assert (await till.queries.payment(open_one)).state is PaymentState.voided
    view = await till.queries.payment(paid)
    assert (view.state, view.captured) == (PaymentState.captured, 25_00)


@pytest.mark.services
class TestRaces:
    async def collect_at_once(self, till, handler, *, receipts):
        [payment_id] = await till.open()
        return payment_id, await asyncio.gather(
            *(
                handler(Actor.system(), CollectCash(payment_id=payment_id, amount=DUE, reference=receipt))
                for receipt in receipts
            ),
            return_exceptions=True,
        )

    async def test_one_receipt_told_many_times_at_once_is_one_collection(self, postgres_till):
        till = postgres_till
        payment_id, results = await self.collect_at_once(till, till.collect, receipts=["R1"] * 8)
        assert results == [None] * 8
        assert len((await till.load(payment_id)).history) == 1
        assert (await till.told()).count("payments.payment-succeeded.v1") == 1

    async def test_two_couriers_one_is_refused(self, postgres_till):
        till = postgres_till
        payment_id, results = await self.collect_at_once(till, till.collect, receipts=[f"R{n}" for n in range(8)])
        assert sorted(type(result).__name__ for result in results) == ["NoneType"] + ["WrongState"] * 7
        assert (await till.load(payment_id)).captured == 25_00

    async def test_control_without_the_lock_the_version_is_the_last_guard(self, postgres_till):
        till = postgres_till

        class Careless(PostgresPaymentsUow):
            async def locked(self, payment_id):
                found = await self.payments.get(payment_id)
                await asyncio.sleep(0.1)
                return found

        handler = CollectCashHandler(lambda: Careless(till.app.database, till.app.infra.outbox()), till.clock)
        _, results = await self.collect_at_once(till, handler, receipts=["R1"] * 4)
        # The same news, refused: the lock is what makes telling it again harmless.
        assert StaleVersion in map(type, results)

    async def test_cash_and_a_cancellation_in_one_moment_agree(self, postgres_till):
        """Money that was first is kept and told of; after the cancellation nobody takes any."""
        till = postgres_till
        await connected(till.payments.uow, 2)
        for _ in range(6):
            order_id = new_id()
            [payment_id] = await till.open(order_id=order_id)
            command = CollectCash(payment_id=payment_id, amount=DUE, reference="R1")
            answer, _ = await at_once(till.collect(Actor.system(), command), cancel(till, order_id))
            view = await till.queries.payment(payment_id)
            assert (type(answer), view.state, view.captured) in {
                (NoneType, PaymentState.captured, 25_00),
                (WrongState, PaymentState.voided, 0),
            }
