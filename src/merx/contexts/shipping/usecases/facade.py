"""What shipping answers to other contexts and to shoppers."""

from dataclasses import dataclass

from merx.contexts.shipping.api import Parcel, ShippingOption
from merx.contexts.shipping.domain.zone import normal_postal_code
from merx.contexts.shipping.ports.queries import ServedMethod, Serviceability
from merx.contexts.shipping.usecases.rules import CurrentRules


@dataclass(frozen=True, slots=True)
class ShippingFacade:
    """Implements ShippingApi. Answers from memory; at most seconds behind a change of rates."""

    rules: CurrentRules

    async def options(self, parcel: Parcel) -> list[ShippingOption]:
        return (await self.rules.get()).options(parcel)


@dataclass(frozen=True, slots=True)
class CheckServiceabilityHandler:
    """Can anything be sent there, before there is a cart."""

    rules: CurrentRules

    async def __call__(self, country: str, postal_code: str) -> Serviceability:
        rules = await self.rules.get()
        code = normal_postal_code(postal_code)
        zone = rules.zone(country, code)
        methods = [
            ServedMethod(method.code, method.name, method.days_min, method.days_max, currencies)
            for method, currencies in (rules.methods(zone) if zone else ())
        ]
        return Serviceability(country, code, bool(methods), methods)
