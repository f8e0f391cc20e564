"""All zones, methods and rates at once: they are few, so a quote is a walk through memory."""

from collections.abc import Iterable
from uuid import UUID

from merx.contexts.shipping.api import Parcel, ShippingOption
from merx.contexts.shipping.domain.method import Method
from merx.contexts.shipping.domain.rate import Rate
from merx.contexts.shipping.domain.zone import Zone, normal_postal_code


class Rulebook:
    """A snapshot; never changes once made."""

    def __init__(self, zones: Iterable[Zone], methods: Iterable[Method], rates: Iterable[Rate]) -> None:
        # In id order, so that of two zones that fit equally well the older one wins, every time.
        self._zones = sorted(zones, key=lambda zone: zone.id)
        self._methods: dict[UUID, list[Method]] = {}
        self._rates: dict[UUID, dict[str, Rate]] = {}
        for method in methods:
            if method.active:
                self._methods.setdefault(method.zone_id, []).append(method)
        for rate in rates:
            self._rates.setdefault(rate.method_id, {})[rate.currency] = rate

    def zone(self, country: str, postal_code: str) -> Zone | None:
        """The most specific zone: longest postal prefix, then country, then the rest of the world."""
        code = normal_postal_code(postal_code)
        best, best_rank = None, -1
        for zone in self._zones:
            rank = zone.rank(country, code)
            if rank is not None and rank > best_rank:
                best, best_rank = zone, rank
        return best

    def methods(self, zone: Zone) -> list[tuple[Method, list[str]]]:
        """Active methods of a zone with the currencies they have rates in; those without any are left out."""
        offered = ((method, sorted(self._rates.get(method.id, ()))) for method in self._methods.get(zone.id, ()))
        return sorted((pair for pair in offered if pair[1]), key=lambda pair: (pair[0].days_max, pair[0].code))

    def options(self, parcel: Parcel) -> list[ShippingOption]:
        """Cheapest first, then fastest."""
        zone = self.zone(parcel.country, parcel.postal_code)
        if zone is None:
            return []
        found = []
        for method in self._methods.get(zone.id, ()):
            rate = self._rates.get(method.id, {}).get(parcel.items_total.currency)
            price = rate.price(parcel.items_total, parcel.weight_grams) if rate else None
            if price is not None:
                found.append(
                    ShippingOption(method.id, method.code, method.name, price, method.days_min, method.days_max)
                )
        return sorted(found, key=lambda option: (option.price.amount, option.days_max, option.code))
