"""Ways to pay that ask no provider."""

import msgspec

from merx.contexts.payments.api import PaymentMethod
from merx.kernel.money import Money

CASH_ON_DELIVERY = "cod"


class CashOnDeliveryPolicy(msgspec.Struct, frozen=True):
    """Couriers limit what they carry. `limits` are minor units per currency; a currency without one has no limit.

    Empty `countries` means everywhere.
    """

    limits: dict[str, int] = {}
    countries: frozenset[str] = frozenset()

    def allows(self, amount: Money, country: str) -> bool:
        limit = self.limits.get(amount.currency)
        return (limit is None or amount.amount <= limit) and (not self.countries or country in self.countries)

    def method(self) -> PaymentMethod:
        return PaymentMethod(CASH_ON_DELIVERY, "Cash on delivery", offline=True)
