"""Who may do what is decided by permissions; the kind decides only whose things are meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.kernel.actor import Actor, ActorKind
from merx.kernel.errors import BeyondLimit, Forbidden, Unauthenticated
from merx.kernel.ids import new_id
from merx.kernel.money import Money

KINDS = st.sampled_from(ActorKind)
NAMES = st.sampled_from(["orders:read", "orders:write", "catalog:write", "accounts:manage"])


@given(KINDS, st.frozensets(NAMES), NAMES)
def test_permission_is_given_by_name(kind, granted, asked):
    actor = Actor(kind=kind, permissions=granted)
    assert actor.may(asked) == (asked in granted)
    if asked in granted:
        actor.must_may(asked)
    else:
        with pytest.raises(Unauthenticated if kind is ActorKind.anonymous else Forbidden):
            actor.must_may(asked)


@given(KINDS, st.text(max_size=20))
def test_a_star_grants_all(kind, asked):
    Actor(kind=kind, permissions=frozenset({"*"})).must_may(asked)


@given(KINDS, NAMES)
def test_part_of_a_name_grants_nothing(kind, asked):
    area, _, _ = asked.partition(":")
    assert not Actor(kind=kind, permissions=frozenset({area})).may(asked)
    assert not Actor(kind=kind, permissions=frozenset({f"{area}:"})).may(asked)
    assert Actor(kind=kind, permissions=frozenset({f"{area}:*"})).may(asked)


@pytest.mark.parametrize("kind", ActorKind)
def test_only_customers_have_things_of_their_own(kind):
    id = new_id()
    assert Actor(kind=kind, account_id=id).customer_id == (id if kind is ActorKind.customer else None)


def test_shoppers_are_no_staff():
    shoppers = {kind for kind in ActorKind if not Actor(kind=kind).is_staff}
    assert shoppers == {ActorKind.anonymous, ActorKind.customer}


def test_the_system_may_all_and_is_nobody_in_particular():
    assert Actor.system().may("orders:write")
    assert Actor.system().account_id is None
    assert Actor.anonymous("r-1") == Actor(kind=ActorKind.anonymous, request_id="r-1")
    assert not Actor.anonymous().may("orders:read")


def test_histories_name_the_account_or_the_kind():
    id = new_id()
    assert str(Actor(kind=ActorKind.staff, account_id=id)) == f"staff:{id}"
    assert str(Actor.anonymous()) == "anonymous"
    assert str(Actor.system()) == "system"


def test_a_limited_right_opens_the_door_and_no_more():
    clerk = Actor(kind=ActorKind.staff, permissions=frozenset({"payments:write<=INR:200000"}))
    clerk.must_hold("payments:write")
    clerk.must_may("payments:write", amount=Money(200_000, "INR"))
    for amount in (Money(200_001, "INR"), Money(1, "USD"), Money(-1, "INR"), None):
        with pytest.raises(BeyondLimit):
            clerk.must_may("payments:write", amount=amount)
    with pytest.raises(Forbidden) as refused:
        clerk.must_hold("payments:read")
    assert not isinstance(refused.value, BeyondLimit)
