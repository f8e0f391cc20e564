"""What is read of shipping: the whole rulebook for quotes, pages for staff, one answer for shoppers."""

from typing import Protocol
from uuid import UUID

from merx.contexts.shipping.domain.rate import Basis, Tier
from merx.contexts.shipping.domain.rulebook import Rulebook
from merx.kernel.model import View
from merx.kernel.paging import Page


class ZoneView(View, frozen=True):
    """`version` goes into `If-Match` of a change."""

    id: UUID
    version: int
    name: str
    countries: list[str]
    postal_prefixes: list[str]


class MethodView(View, frozen=True):
    """Days are working days until delivery."""

    id: UUID
    version: int
    zone_id: UUID
    code: str
    name: str
    days_min: int
    days_max: int
    active: bool


class RateView(View, frozen=True):
    """Amounts are minor units of `currency`; weights are grams."""

    id: UUID
    version: int
    method_id: UUID
    currency: str
    basis: Basis
    tiers: list[Tier]
    free_from: int | None


class ServedMethod(View, frozen=True):
    code: str
    name: str
    days_min: int
    days_max: int
    currencies: list[str]


class Serviceability(View, frozen=True):
    """Whether anything is sent to a place. `postal_code` as it was understood."""

    country: str
    postal_code: str
    serviceable: bool
    methods: list[ServedMethod]


class ShippingQueries(Protocol):
    """Pages are in id order, so in the order of making."""

    async def rulebook(self) -> Rulebook: ...

    async def zones(self, after: str | None, limit: int) -> Page[ZoneView]: ...

    async def methods(self, after: str | None, limit: int, zone_id: UUID | None = None) -> Page[MethodView]: ...

    async def rates(self, after: str | None, limit: int, method_id: UUID | None = None) -> Page[RateView]: ...

    async def zone(self, zone_id: UUID) -> ZoneView:
        """Raises ZoneNotFound."""
        ...

    async def method(self, method_id: UUID) -> MethodView:
        """Raises MethodNotFound."""
        ...

    async def rate(self, rate_id: UUID) -> RateView:
        """Raises RateNotFound."""
        ...
