"""Money in integer minor units (paise, cents) with its ISO 4217 currency. Never a float, never an implicit rounding."""

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Self

import msgspec

from merx.kernel.currencies import EXPONENTS
from merx.kernel.errors import Invalid

# Of one price. A full cart, 200 lines of 999 units, stays below PostgreSQL's bigint (9.2e18) with it.
MAX_AMOUNT = 10**12
# Of what carts and orders add up to.
MAX_TOTAL = 9 * 10**17

CurrencyCode = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z", description="ISO 4217 code")]


class UnknownCurrency(Invalid):
    slug = "money.unknown-currency"
    title = "Unknown currency"


class CurrencyMismatch(Invalid):
    slug = "money.currency-mismatch"
    title = "Amounts in different currencies"


def exponent(currency: str) -> int:
    """Digits after the point of a currency: JPY 0, USD 2, KWD 3. Raises UnknownCurrency."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise UnknownCurrency(f"{currency!r} is no active ISO 4217 currency") from None


class Money(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An amount in minor units. Arithmetic between currencies raises CurrencyMismatch."""

    amount: Annotated[int, msgspec.Meta(ge=-MAX_TOTAL, le=MAX_TOTAL, description="minor units")]
    currency: CurrencyCode

    @classmethod
    def zero(cls, currency: str) -> Self:
        return cls(0, currency)

    @classmethod
    def of(cls, major: Decimal | int | str, currency: str) -> Self:
        """From major units, rounded half up to the currency's exponent: `Money.of("12.345", "USD")` is 12.35."""
        digits = exponent(currency)
        # Rounded before it is scaled: scaling a number of more than 28 digits would round it a first time.
        rounded = Decimal(major).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
        return cls(int(rounded.scaleb(digits)), currency)

    def __composite_values__(self) -> tuple[int, str]:
        """The parts that a storage keeps side by side."""
        return self.amount, self.currency

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency}")

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount - other.amount, self.currency)

    def __mul__(self, quantity: int) -> "Money":
        return Money(self.amount * quantity, self.currency)

    def __lt__(self, other: "Money") -> bool:
        self._same(other)
        return self.amount < other.amount

    def __le__(self, other: "Money") -> bool:
        self._same(other)
        return self.amount <= other.amount

    def __str__(self) -> str:
        """For people and logs: `1,299.00 INR`."""
        digits = exponent(self.currency)
        return f"{Decimal(self.amount).scaleb(-digits):,.{digits}f} {self.currency}"


def total(amounts: Iterable[Money], currency: str) -> Money:
    """Sum of amounts that are all in `currency`; zero when there are none."""
    result = Money.zero(currency)
    for amount in amounts:
        result += amount
    return result


def allocate(amount: int, weights: Sequence[int]) -> list[int]:
    """Split minor units by weight with the largest-remainder method.

    The parts sum to `amount` exactly and none has the other sign. Remainders go to the largest fractions, ties to the
    earlier position. All weights zero or no weights: raises Invalid, for there is nothing to share among.
    """
    whole = sum(weights)
    if whole <= 0 or any(weight < 0 for weight in weights):
        raise Invalid("weights must not be negative and must not all be zero")
    sign = -1 if amount < 0 else 1
    shares = [divmod(abs(amount) * weight, whole) for weight in weights]
    parts = [share for share, _ in shares]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-shares[i][1], i))
    for i in by_remainder[: abs(amount) - sum(parts)]:
        parts[i] += 1
    return [sign * part for part in parts]
