"""Which zone a place is in, and what a parcel costs."""

import pytest

from merx.contexts.shipping.api import Parcel
from merx.contexts.shipping.domain.errors import InvalidMethod, InvalidRate, InvalidZone
from merx.contexts.shipping.domain.method import Method
from merx.contexts.shipping.domain.rate import Basis, Rate, Tier
from merx.contexts.shipping.domain.rulebook import Rulebook
from merx.contexts.shipping.domain.zone import Zone, normal_postal_code
from merx.kernel.ids import new_id
from merx.kernel.money import Money, UnknownCurrency


def zone(name="Zone", countries=(), postal_prefixes=()):
    made = Zone(id=new_id(), name=name, countries=list(countries), postal_prefixes=list(postal_prefixes))
    made.settle()
    return made


def method(of, code="standard", days=(1, 2), active=True):
    return Method(id=new_id(), zone_id=of.id, code=code, name=code, days_min=days[0], days_max=days[1], active=active)


def rate(of, *tiers, currency="USD", basis=Basis.flat, free_from=None):
    made = Rate(id=new_id(), method_id=of.id, currency=currency, basis=basis, tiers=list(tiers), free_from=free_from)
    made.settle()
    return made


def parcel(country="US", postal_code="94105", amount=10_00, currency="USD", weight=500):
    return Parcel(country, postal_code, Money(amount, currency), weight)


@pytest.mark.parametrize(
    ("typed", "normal"), [("sw1a 1aa", "SW1A1AA"), ("560 001", "560001"), ("12345-6789", "123456789"), ("", "")]
)
def test_postal_codes_are_compared_without_spaces_and_case(typed, normal):
    assert normal_postal_code(typed) == normal


def test_most_specific_zone_wins():
    world = zone("World")
    india = zone("India", ["IN"])
    karnataka = zone("Karnataka", ["IN"], ["56"])
    bengaluru = zone("Bengaluru", ["IN"], ["560 0", "561"])
    rules = Rulebook([world, india, karnataka, bengaluru], [], [])

    assert rules.zone("IN", "560 001") is bengaluru
    assert rules.zone("IN", "562 001") is karnataka
    assert rules.zone("IN", "110 001") is india
    assert rules.zone("IN", "") is india
    assert rules.zone("AQ", "560001") is world
    assert Rulebook([india], [], []).zone("US", "") is None


def test_of_two_equal_zones_the_older_wins():
    older, newer = zone("A", ["DE", "FR"]), zone("B", ["DE"])
    assert Rulebook([newer, older], [], []).zone("DE", "") is older


def test_postal_prefixes_need_one_country():
    with pytest.raises(InvalidZone):
        zone(countries=["DE", "FR"], postal_prefixes=["1"])
    with pytest.raises(InvalidZone):
        zone(postal_prefixes=["1"])


def test_of_several_prefixes_that_fit_the_longest_counts():
    near, city = zone("Near", ["IN"], ["5", "5600"]), zone("City", ["IN"], ["560"])
    rules = Rulebook([near, city], [], [])
    assert rules.zone("IN", "560 001") is near
    assert rules.zone("IN", "560 101") is city
    assert rules.zone("IN", "500 001") is near


def test_zone_is_stored_sorted_and_without_doubles():
    made = zone(countries=["IN"], postal_prefixes=["56 0", "560", "11"])
    assert made.postal_prefixes == ["11", "560"]


def test_options_are_cheapest_first_and_of_the_own_currency():
    us = zone("US", ["US"])
    slow, fast, off, rupees = (
        method(us, "slow", (5, 9)),
        method(us, "fast"),
        method(us, "off", active=False),
        method(us, "rupees"),
    )
    rules = Rulebook(
        [us],
        [fast, slow, off, rupees],
        [
            rate(fast, Tier(price=9_00)),
            rate(slow, Tier(price=3_00)),
            rate(off, Tier(price=1)),
            rate(rupees, Tier(price=1), currency="INR"),
        ],
    )
    assert [(option.code, option.price.amount) for option in rules.options(parcel())] == [
        ("slow", 3_00),
        ("fast", 9_00),
    ]
    assert [option.code for option in rules.options(parcel(currency="INR"))] == ["rupees"]
    assert rules.options(parcel(country="DE")) == []
    assert [(made.code, currencies) for made, currencies in rules.methods(us)] == [
        ("fast", ["USD"]),
        ("rupees", ["INR"]),
        ("slow", ["USD"]),
    ]


def test_a_closer_zone_without_methods_ships_nothing():
    us, alaska = zone("US", ["US"]), zone("Alaska", ["US"], ["995", "996"])
    ground = method(us)
    rules = Rulebook([us, alaska], [ground], [rate(ground, Tier(price=1))])
    assert rules.options(parcel(postal_code="99501")) == []
    assert len(rules.options(parcel(postal_code="94105"))) == 1


def test_tiers_by_weight_end_where_the_method_carries_no_more():
    made = rate(method(zone()), Tier(up_to=1000, price=5_00), Tier(up_to=5000, price=9_00), basis=Basis.weight)
    value = Money(1_00, "USD")
    assert made.price(value, 0) == Money(5_00, "USD")
    assert made.price(value, 1000) == Money(5_00, "USD")
    assert made.price(value, 1001) == Money(9_00, "USD")
    assert made.price(value, 5001) is None


def test_tiers_by_value_and_free_above():
    made = rate(method(zone()), Tier(up_to=20_00, price=5_00), Tier(price=3_00), basis=Basis.value, free_from=50_00)
    assert made.price(Money(20_00, "USD"), 0) == Money(5_00, "USD")
    assert made.price(Money(20_01, "USD"), 0) == Money(3_00, "USD")
    assert made.price(Money(49_99, "USD"), 0) == Money(3_00, "USD")
    assert made.price(Money(50_00, "USD"), 0) == Money(0, "USD")


def test_free_does_not_lift_the_weight_limit():
    made = rate(method(zone()), Tier(up_to=1000, price=5_00), basis=Basis.weight, free_from=10_00)
    assert made.price(Money(99_00, "USD"), 2000) is None


@pytest.mark.parametrize(
    ("basis", "tiers"),
    [
        (Basis.flat, []),
        (Basis.flat, [Tier(up_to=5, price=1)]),
        (Basis.flat, [Tier(price=1), Tier(price=2)]),
        (Basis.value, [Tier(price=1), Tier(up_to=5, price=2)]),
        (Basis.weight, [Tier(up_to=5, price=1), Tier(up_to=5, price=2)]),
        (Basis.weight, [Tier(up_to=6, price=1), Tier(up_to=5, price=2)]),
    ],
)
def test_tiers_that_make_no_sense_are_refused(basis, tiers):
    with pytest.raises(InvalidRate):
        rate(method(zone()), *tiers, basis=basis)


def test_currency_must_exist():
    with pytest.raises(UnknownCurrency):
        rate(method(zone()), Tier(price=1), currency="XXQ")


def test_days_must_be_in_order():
    with pytest.raises(InvalidMethod):
        method(zone(), days=(5, 2)).settle()
