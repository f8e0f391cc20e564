"""Allow, deny and limits; and the comparison that keeps people from granting more than they have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.kernel.money import Money
from merx.kernel.rights import AS_HELD, NOTHING, Effect, Grant, InvalidGrant, Rights, rights_of
from tests.support.grants import AMOUNTS, NAMES, PLACES, grants

HERE, THERE = PLACES[:2]
ACTIONS = [(name, amount, place) for name in NAMES for amount in (None, *AMOUNTS) for place in (None, *PLACES)]


def rights(*texts: str) -> Rights:
    return rights_of(frozenset(texts))


@given(grants)
def test_a_grant_reads_back_from_its_text(grant):
    again = Grant.parse(grant.text())
    assert again.text() == grant.text()
    assert (again.permission, again.effect, again.limits) == (grant.permission, grant.effect, grant.limits)
    assert not set(grant.text()) & set(' "\\'), "it stands in the scope claim of a token (RFC 6749 §3.3)"


@pytest.mark.parametrize(
    "text",
    [
        "", "orders", "orders:", ":write", "*:*", "**", "Orders:write", "orders:write ", "orders:write\n", "!!a:b",
        "a:b<=", "a:b<=INR", "a:b<=INR:-1", "a:b<=INR:1,INR:2", "a:b<=inr:1", "a:*<=INR:1", "*<=INR:1", "!a:b<=INR:1",
        "a:b@", "a:b@x", f"*@{HERE}", f"!a:b@{HERE}", f"a:b@{HERE}<=INR:1", f"a:b<=INR:{10**12 + 1}", AS_HELD, "~:~",
    ],
)  # fmt: skip
def test_what_is_no_grant_allows_nothing_and_spoils_its_set(text):
    with pytest.raises(InvalidGrant):
        Grant.parse(text)
    assert rights(text, "*") is NOTHING
    assert not rights(text, "*").allows("orders:write")


def test_the_most_generous_allow_wins_and_limits_are_not_mixed():
    both = rights("payments:write<=INR:1000", f"payments:write<=INR:5000@{HERE}")
    assert both.allows("payments:write", Money(1000, "INR"), THERE)
    assert both.allows("payments:write", Money(5000, "INR"), HERE)
    assert not both.allows("payments:write", Money(1001, "INR"), THERE)
    assert not both.allows("payments:write", Money(1001, "INR"))
    lifted = rights("payments:write<=INR:1000", "payments:*")
    assert lifted.allows("payments:write", Money(10**12, "JPY"))


def test_deny_wins_over_everything():
    for allowed in ("*", "orders:*", "orders:write"):
        for denied in ("!*", "!orders:*", "!orders:write"):
            assert not rights(allowed, denied).allows("orders:write")
            assert not rights(allowed, denied).holds("orders:write")
    assert rights("*", "!orders:write").allows("orders:read")


def test_a_limit_never_covers_what_was_not_said():
    limited = rights(f"inventory:write@{HERE}")
    assert limited.holds("inventory:write")
    assert not limited.allows("inventory:write")
    assert not limited.allows("inventory:write", Money(1, "INR"))
    assert limited.allows("inventory:write", Money(1, "INR"), HERE)


@given(st.lists(grants, max_size=6), st.lists(grants, max_size=6))
def test_beyond_is_exactly_what_one_may_and_the_other_may_not(mine, yours):
    """`beyond` looks at a few farthest actions; here every action of a small world is looked at."""
    one, other = Rights(mine), Rights(yours)
    more = [action for action in ACTIONS if one.allows(*action) and not other.allows(*action)]
    if more:
        assert one.beyond(other)
    if not one.beyond(other):
        assert not more


@given(st.lists(grants, max_size=6))
def test_nobody_is_beyond_themselves_or_the_owner(mine):
    one = Rights(mine)
    assert one.beyond(one) == []
    assert one.beyond(rights("*")) == []
    assert NOTHING.beyond(one) == []


@given(st.lists(grants, max_size=5), st.lists(grants, max_size=5), st.lists(grants, max_size=5))
def test_beyond_is_an_order(first, second, third):
    a, b, c = Rights(first), Rights(second), Rights(third)
    if not a.beyond(b) and not b.beyond(c):
        assert not a.beyond(c)


@given(st.lists(grants, max_size=6), st.lists(st.sampled_from([*NAMES, "orders:*", "*"]), max_size=3))
def test_narrowed_rights_are_those_that_are_held_and_named(mine, names):
    held, wanted = Rights(mine), Rights(Grant(permission=name) for name in names)
    narrow = Rights(held.narrowed(names))
    for action in ACTIONS:
        assert narrow.allows(*action) == (held.allows(*action) and wanted.holds(action[0]))


def test_what_is_more_is_named():
    assert rights("*").beyond(rights("orders:*")) == ["*"]
    assert rights("orders:*", "catalog:read").beyond(rights("orders:read", "catalog:*")) == ["orders:*"]
    assert rights("payments:write<=INR:2").beyond(rights("payments:write<=INR:1")) == ["payments:write"]
    assert rights("payments:write").beyond(rights("payments:write<=INR:1")) == ["payments:write"]
    assert rights("*").beyond(rights("*", "!orders:write")) == ["orders:write"]
    assert Grant(permission="a:b", effect=Effect.deny).text() == "!a:b"
