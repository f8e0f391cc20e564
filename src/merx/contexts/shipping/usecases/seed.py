"""Zones, methods and rates to start with, so that a fresh shop can send a parcel anywhere."""

from dataclasses import dataclass

from merx.contexts.shipping.domain.errors import ZoneNameTaken
from merx.contexts.shipping.domain.method import Method
from merx.contexts.shipping.domain.rate import Basis, Rate, Tier
from merx.contexts.shipping.domain.zone import Zone
from merx.contexts.shipping.ports.repositories import ShippingUow, ShippingUowFactory
from merx.contexts.shipping.usecases.rules import CurrentRules
from merx.kernel.actor import Actor
from merx.kernel.audit import AuditEntry
from merx.kernel.ids import new_id

_EU = "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE".split()


@dataclass(frozen=True, slots=True)
class _Offer:
    """Prices and `free_from` are minor units by currency."""

    code: str
    name: str
    days: tuple[int, int]
    prices: dict[str, int]
    free_from: dict[str, int]


_FREE = {"USD": 50_00, "INR": 4_000_00, "EUR": 50_00}
_DEMO: tuple[tuple[str, list[str], tuple[_Offer, ...]], ...] = (
    (
        "India",
        ["IN"],
        (
            _Offer("standard", "Standard delivery", (3, 6), {"USD": 99, "INR": 79_00, "EUR": 99}, _FREE),
            _Offer("express", "Express delivery", (1, 2), {"USD": 299, "INR": 249_00, "EUR": 299}, {}),
        ),
    ),
    (
        "United States",
        ["US"],
        (
            _Offer("standard", "Standard delivery", (3, 7), {"USD": 5_99, "INR": 499_00, "EUR": 5_49}, _FREE),
            _Offer("express", "Express delivery", (1, 2), {"USD": 14_99, "INR": 1_249_00, "EUR": 13_99}, {}),
        ),
    ),
    (
        "European Union",
        _EU,
        (
            _Offer("standard", "Standard delivery", (4, 8), {"USD": 7_99, "INR": 649_00, "EUR": 6_99}, _FREE),
            _Offer("express", "Express delivery", (2, 3), {"USD": 18_99, "INR": 1_549_00, "EUR": 16_99}, {}),
        ),
    ),
    (
        "Rest of the world",
        [],
        (
            _Offer("standard", "International delivery", (8, 20), {"USD": 19_99, "INR": 1_649_00, "EUR": 18_49}, {}),
            _Offer("express", "International express", (3, 6), {"USD": 44_99, "INR": 3_699_00, "EUR": 41_49}, {}),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class SeedShippingHandler:
    """Adds the zones that are not there by name and leaves the others as staff made them. Safe to run again, twice at
    once too. Returns the number of zones made.
    """

    uow: ShippingUowFactory
    rules: CurrentRules

    async def __call__(self) -> int:
        made = 0
        for name, countries, offers in _DEMO:
            async with self.uow() as uow:
                if await uow.zone_named(name) is not None:
                    continue
                try:
                    await _add(uow, name, countries, offers)
                except ZoneNameTaken:
                    continue
                await uow.commit()
                made += 1
        self.rules.forget()
        return made


async def _add(uow: ShippingUow, name: str, countries: list[str], offers: tuple[_Offer, ...]) -> None:
    zone = Zone(id=new_id(), name=name, countries=countries, postal_prefixes=[])
    zone.settle()
    await uow.zones.add(zone)
    uow.record(AuditEntry.of(Actor.system(), "shipping.zone-created", zone))
    for offer in offers:
        days_min, days_max = offer.days
        method = Method(
            id=new_id(), zone_id=zone.id, code=offer.code, name=offer.name, days_min=days_min, days_max=days_max
        )
        await uow.methods.add(method)
        uow.record(AuditEntry.of(Actor.system(), "shipping.method-created", method))
        for currency, price in offer.prices.items():
            rate = Rate(
                id=new_id(),
                method_id=method.id,
                currency=currency,
                basis=Basis.flat,
                tiers=[Tier(price=price)],
                free_from=offer.free_from.get(currency),
            )
            await uow.rates.add(rate)
            uow.record(AuditEntry.of(Actor.system(), "shipping.rate-created", rate))
