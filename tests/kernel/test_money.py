"""Money is exact: what is added can be taken away again, what is shared out sums to the whole."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.kernel import currencies
from merx.kernel.errors import Invalid
from merx.kernel.money import MAX_TOTAL, CurrencyMismatch, Money, UnknownCurrency, allocate, exponent, total

CODES = st.sampled_from(sorted(currencies.EXPONENTS))
AMOUNTS = st.integers(-MAX_TOTAL, MAX_TOTAL)
WEIGHTS = st.lists(st.integers(0, 10**12), min_size=1, max_size=60).filter(any)


@pytest.mark.parametrize(
    ("code", "digits"),
    [("JPY", 0), ("KRW", 0), ("VND", 0), ("USD", 2), ("EUR", 2), ("INR", 2), ("KWD", 3), ("TND", 3), ("CLF", 4)],
)
def test_exponents_are_those_of_iso_4217(code, digits):
    assert exponent(code) == digits


def test_a_currency_is_listed_once():
    listed = f"{currencies._ZERO} {currencies._TWO} {currencies._THREE} {currencies._FOUR}".split()
    assert len(listed) == len(set(listed)) == len(currencies.EXPONENTS)
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in listed)


@given(st.text(max_size=4).filter(lambda text: text not in currencies.EXPONENTS))
def test_an_unknown_currency_is_refused(code):
    with pytest.raises(UnknownCurrency):
        exponent(code)
    with pytest.raises(UnknownCurrency):
        Money.of(1, code)


@given(AMOUNTS, CODES)
def test_text_for_people_holds_the_exact_amount(amount, code):
    number, shown = str(Money(amount, code)).split()
    assert shown == code
    assert Money.of(number.replace(",", ""), code) == Money(amount, code)
    assert len(number.partition(".")[2]) == exponent(code)


@given(st.decimals(-(10**12), 10**12, allow_nan=False), CODES)
def test_major_units_are_rounded_half_away_from_zero(major, code):
    nearest = Fraction(major) * 10 ** exponent(code)
    amount = Money.of(major, code).amount
    assert abs(amount - nearest) <= Fraction(1, 2)
    if abs(amount - nearest) == Fraction(1, 2):
        assert abs(amount) > abs(nearest)
    assert Money.of(-major, code).amount == -amount


@pytest.mark.parametrize(
    ("major", "code", "amount"),
    [
        ("12.345", "USD", 1235),
        ("-12.345", "USD", -1235),
        ("0.5", "JPY", 1),
        ("0.0005", "KWD", 1),
        ("0.004" + "9" * 40, "USD", 0),
        ("12345678901.2345" + "0" * 30, "USD", 1234567890123),
    ],
)
def test_a_number_is_rounded_once(major, code, amount):
    assert Money.of(major, code) == Money(amount, code)
    assert Decimal(major).quantize(Decimal(1).scaleb(-exponent(code)), ROUND_HALF_UP).scaleb(exponent(code)) == amount


@given(AMOUNTS, AMOUNTS, AMOUNTS, CODES)
def test_addition_is_that_of_integers(a, b, c, code):
    x, y, z = (Money(amount, code) for amount in (a, b, c))
    assert x + y == y + x
    assert (x + y) + z == x + (y + z)
    assert (x + y) - y == x
    assert x + Money.zero(code) == x
    assert total([x, y, z], code) == x + y + z
    assert (x < y, x <= y) == (a < b, a <= b)
    assert sorted([x, y, z]) == [Money(amount, code) for amount in sorted([a, b, c])]


@given(st.integers(-(10**12), 10**12), st.integers(0, 200), CODES)
def test_a_product_is_repeated_addition(amount, quantity, code):
    assert Money(amount, code) * quantity == total([Money(amount, code)] * quantity, code)


@given(CODES, CODES.flatmap(st.just))
def test_currencies_do_not_mix(one, other):
    if one == other:
        assert total([Money(1, one)], other) == Money(1, one)
        return
    for mix in (Money.__add__, Money.__sub__, Money.__lt__, Money.__le__):
        with pytest.raises(CurrencyMismatch):
            mix(Money(1, one), Money(1, other))
    with pytest.raises(CurrencyMismatch):
        total([Money(1, one)], other)
    assert Money(1, one) != Money(1, other)


@given(AMOUNTS, CODES)
def test_it_travels_as_json(amount, code):
    money = Money(amount, code)
    assert msgspec.json.decode(msgspec.json.encode(money), type=Money) == money
    assert Money(*money.__composite_values__()) == money


@pytest.mark.parametrize(
    "text",
    [
        b'{"amount":1.5,"currency":"USD"}',
        b'{"amount":"1","currency":"USD"}',
        b'{"amount":true,"currency":"USD"}',
        b'{"amount":1,"currency":"usd"}',
        b'{"amount":1,"currency":"USD\\n"}',
        b'{"amount":1,"currency":"USD","cents":0}',
        b'{"amount":%d,"currency":"USD"}' % (MAX_TOTAL + 1),
        b'{"amount":%d,"currency":"USD"}' % (-MAX_TOTAL - 1),
    ],
)
def test_json_that_is_no_money_is_refused(text):
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=Money)


@given(AMOUNTS, WEIGHTS)
def test_parts_sum_to_the_whole_and_none_has_the_other_sign(amount, weights):
    parts = allocate(amount, weights)
    assert len(parts) == len(weights)
    assert sum(parts) == amount
    assert all(part == 0 or (part < 0) == (amount < 0) for part in parts)


@given(AMOUNTS, WEIGHTS)
def test_a_part_is_the_exact_share_rounded_down_or_up(amount, weights):
    whole = sum(weights)
    for part, weight in zip(allocate(amount, weights), weights, strict=True):
        assert abs(part - Fraction(amount * weight, whole)) < 1
        assert weight or not part


@given(st.integers(0, MAX_TOTAL), WEIGHTS)
def test_whoever_lost_more_by_rounding_is_not_passed_over(amount, weights):
    whole = sum(weights)
    parts = allocate(amount, weights)
    lost = [Fraction(amount * weight, whole) % 1 for weight in weights]
    rounded_up = [part > Fraction(amount * weight, whole) for part, weight in zip(parts, weights, strict=True)]
    for i, up in enumerate(rounded_up):
        for j in range(len(weights)):
            if up and lost[j] and not rounded_up[j]:
                # Ties go to the earlier position.
                assert (-lost[i], i) < (-lost[j], j)


@given(AMOUNTS, WEIGHTS)
def test_sharing_is_deterministic_and_symmetric(amount, weights):
    parts = allocate(amount, weights)
    assert allocate(amount, list(weights)) == parts
    assert allocate(-amount, weights) == [-part for part in parts]
    assert allocate(amount, [weight * 7 for weight in weights]) == parts


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (2, [1, 1, 1], [1, 1, 0]),
        (10, [0, 1, 0, 1], [0, 5, 0, 5]),
        (5, [3, 0, 7], [2, 0, 3]),
        (0, [1, 2], [0, 0]),
    ],
)
def test_examples_of_shares(amount, weights, parts):
    assert allocate(amount, weights) == parts


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [-1], [3, -1]])
def test_nothing_to_share_among_is_refused(weights):
    with pytest.raises(Invalid):
        allocate(100, weights)
