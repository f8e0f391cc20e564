"""The payment machine: news may come twice and in any order, and a state never goes back."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.contexts.payments.domain.errors import WrongAmount, WrongState
from merx.contexts.payments.domain.methods import CashOnDeliveryPolicy
from merx.contexts.payments.domain.payment import TRANSITIONS, Payment, PaymentState
from merx.contexts.payments.events import PaymentFailed, PaymentSucceeded
from merx.kernel.ids import new_id
from merx.kernel.money import Money

NOW = datetime(2030, 1, 1, tzinfo=UTC)
DUE = Money(25_00, "USD")


def a_payment(state: PaymentState = PaymentState.pending) -> Payment:
    return Payment(
        id=new_id(), order_id=new_id(), method="cod", state=state, amount=DUE, created_at=NOW, updated_at=NOW
    )


class TestCollect:
    def test_once(self):
        payment = a_payment()
        [event] = payment.collect(DUE, "R1", NOW)
        assert isinstance(event, PaymentSucceeded)
        assert (event.payment_id, event.order_id, event.amount) == (payment.id, payment.order_id, DUE)
        assert (payment.state, payment.captured) == (PaymentState.captured, 25_00)
        assert [(news.kind, news.applied, news.reference) for news in payment.history] == [("captured", True, "R1")]

    def test_the_same_receipt_again_changes_nothing_at_any_time(self):
        payment = a_payment()
        payment.collect(DUE, "R1", NOW)
        for state in (PaymentState.captured, PaymentState.partially_refunded, PaymentState.refunded):
            payment.state = state
            assert payment.collect(DUE, "R1", NOW) == []
            assert (payment.state, payment.captured, len(payment.history)) == (state, 25_00, 1)

    @pytest.mark.parametrize(
        "amount", [Money(24_99, "USD"), Money(25_01, "USD"), Money(25_00, "EUR"), Money(-25_00, "USD")]
    )
    def test_another_amount(self, amount):
        payment = a_payment()
        with pytest.raises(WrongAmount):
            payment.collect(amount, "R1", NOW)
        assert (payment.state, payment.history) == (PaymentState.pending, [])

    def test_a_second_receipt(self):
        payment = a_payment()
        payment.collect(DUE, "R1", NOW)
        for state in (PaymentState.captured, PaymentState.disputed, PaymentState.refunded):
            payment.state = state
            with pytest.raises(WrongState):
                payment.collect(DUE, "R2", NOW)

    @pytest.mark.parametrize("state", [PaymentState.failed, PaymentState.voided, PaymentState.expired])
    def test_money_that_comes_late_is_taken(self, state):
        payment = a_payment(state)
        assert len(payment.collect(DUE, "R1", NOW)) == 1
        assert payment.state is PaymentState.captured


class TestOtherNews:
    def test_a_failure(self):
        payment = a_payment()
        [event] = payment.fail("declined", NOW)
        assert isinstance(event, PaymentFailed)
        assert payment.fail("declined", NOW) == []
        assert [news.applied for news in payment.history] == [True, False]

    def test_a_failure_after_the_money_changes_nothing(self):
        payment = a_payment()
        payment.collect(DUE, "R1", NOW)
        assert payment.fail("late", NOW) == []
        payment.void("late", NOW)
        assert (payment.state, payment.captured) == (PaymentState.captured, 25_00)
        assert [news.applied for news in payment.history] == [True, False, False]

    def test_less_is_due_when_a_part_is_called_off(self):
        payment = a_payment()
        payment.reduce(Money(10_00, "USD"), "one of two", NOW)
        assert payment.amount == Money(15_00, "USD")
        payment.reduce(Money(15_01, "USD"), "more than is due", NOW)
        assert payment.amount == Money(15_00, "USD")
        assert [news.applied for news in payment.history] == [True, False]

    def test_money_that_came_stays_when_a_part_is_called_off(self):
        """It is owed back; what was paid does not become less."""
        payment = a_payment()
        payment.collect(DUE, "R1", NOW)
        payment.reduce(Money(10_00, "USD"), "one of two", NOW)
        assert (payment.amount, payment.captured) == (DUE, 25_00)
        assert [news.applied for news in payment.history] == [True, False]

    def test_an_order_that_was_called_off(self):
        payment = a_payment()
        payment.void("changed my mind", NOW)
        assert payment.state is PaymentState.voided


NEWS = st.lists(
    st.one_of(
        st.tuples(st.just("collect"), st.sampled_from(["R1", "R2"])),
        st.tuples(st.just("fail"), st.text(max_size=5)),
        st.tuples(st.just("void"), st.text(max_size=5)),
    ),
    max_size=12,
)


@given(news=NEWS)
def test_any_news_in_any_order_takes_the_money_at_most_once(news):
    payment = a_payment()
    told: list = []
    states = [payment.state]
    for kind, reference in news:
        try:
            match kind:
                case "collect":
                    told += payment.collect(DUE, reference, NOW)
                case "fail":
                    told += payment.fail(reference, NOW)
                case "void":
                    payment.void(reference, NOW)
        except WrongState:
            pass
        states.append(payment.state)
    assert all(after == before or after in TRANSITIONS[before] for before, after in pairwise(states))
    paid = [event for event in told if isinstance(event, PaymentSucceeded)]
    assert len(paid) <= 1
    assert payment.captured == (25_00 if paid else 0)
    assert (payment.state is PaymentState.captured) == bool(paid)


def test_every_state_has_its_ways_out():
    assert TRANSITIONS.keys() == set(PaymentState)
    assert {state for ways in TRANSITIONS.values() for state in ways} <= set(PaymentState)


@pytest.mark.parametrize(
    ("policy", "amount", "country", "allowed"),
    [
        (CashOnDeliveryPolicy(), Money(10**9, "USD"), "IN", True),
        (CashOnDeliveryPolicy(limits={"USD": 500_00}), Money(500_00, "USD"), "US", True),
        (CashOnDeliveryPolicy(limits={"USD": 500_00}), Money(500_01, "USD"), "US", False),
        (CashOnDeliveryPolicy(limits={"USD": 500_00}), Money(500_01, "INR"), "US", True),
        (CashOnDeliveryPolicy(countries=frozenset({"IN"})), DUE, "US", False),
    ],
)
def test_what_couriers_carry(policy, amount, country, allowed):
    assert policy.allows(amount, country) is allowed
