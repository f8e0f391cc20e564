"""Shipping in memory, with the manners of PostgreSQL."""

import copy
from typing import TypeVar
from uuid import UUID

import msgspec

from merx.contexts.shipping.domain.errors import (
    MethodCodeTaken,
    MethodNotFound,
    RateNotFound,
    RateTaken,
    ZoneNameTaken,
    ZoneNotFound,
)
from merx.contexts.shipping.domain.method import Method
from merx.contexts.shipping.domain.rate import Rate
from merx.contexts.shipping.domain.rulebook import Rulebook
from merx.contexts.shipping.domain.zone import Zone
from merx.contexts.shipping.ports.queries import MethodView, RateView, ZoneView
from merx.infra.memory import MemoryRepository, MemoryStore, MemoryTx, MemoryUow
from merx.kernel.errors import NotFound
from merx.kernel.model import Entity, View
from merx.kernel.paging import Page, decode_id, page_of

V = TypeVar("V", bound=View)

ZONES, METHODS, RATES = "shipping.zone", "shipping.method", "shipping.rate"


class MemoryShippingUow(MemoryUow):
    zones: MemoryRepository[Zone]
    methods: MemoryRepository[Method]
    rates: MemoryRepository[Rate]

    def open(self, tx: MemoryTx) -> None:
        self.zones = MemoryRepository(
            ZONES, tx, unique=((lambda zone: zone.name, ZoneNameTaken),), missing=ZoneNotFound
        )
        self.methods = MemoryRepository(
            METHODS,
            tx,
            unique=((lambda method: (method.zone_id, method.code), MethodCodeTaken),),
            missing=MethodNotFound,
        )
        self.rates = MemoryRepository(
            RATES, tx, unique=((lambda rate: (rate.method_id, rate.currency), RateTaken),), missing=RateNotFound
        )

    async def zone_named(self, name: str) -> Zone | None:
        zones = self.tx.table(ZONES).values()
        return next((zone for zone in zones if zone.name == name), None)

    async def has_methods(self, zone_id: UUID) -> bool:
        return any(method.zone_id == zone_id for method in self.tx.table(METHODS).values())

    async def has_rates(self, method_id: UUID) -> bool:
        return any(rate.method_id == method_id for rate in self.tx.table(RATES).values())


class MemoryShippingQueries:
    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def rulebook(self) -> Rulebook:
        zones, methods, rates = (copy.deepcopy(self._store.table(name)).values() for name in (ZONES, METHODS, RATES))
        return Rulebook(zones, methods, rates)

    async def zones(self, after: str | None, limit: int) -> Page[ZoneView]:
        return self._page(ZONES, ZoneView, after, limit)

    async def methods(self, after: str | None, limit: int, zone_id: UUID | None = None) -> Page[MethodView]:
        return self._page(METHODS, MethodView, after, limit, "zone_id", zone_id)

    async def rates(self, after: str | None, limit: int, method_id: UUID | None = None) -> Page[RateView]:
        return self._page(RATES, RateView, after, limit, "method_id", method_id)

    async def zone(self, zone_id: UUID) -> ZoneView:
        return self._one(ZONES, ZoneView, zone_id, ZoneNotFound)

    async def method(self, method_id: UUID) -> MethodView:
        return self._one(METHODS, MethodView, method_id, MethodNotFound)

    async def rate(self, rate_id: UUID) -> RateView:
        return self._one(RATES, RateView, rate_id, RateNotFound)

    def _one(self, table: str, view: type[V], key: UUID, missing: type[NotFound]) -> V:
        entity = self._store.table(table).get(key)
        if entity is None:
            raise missing
        return _view(entity, view)

    def _page(
        self, table: str, view: type[V], after: str | None, limit: int, field: str = "", wanted: UUID | None = None
    ) -> Page[V]:
        start = decode_id(after)
        found = [
            entity
            for key, entity in sorted(self._store.table(table).items())
            if (start is None or key > start) and (wanted is None or getattr(entity, field) == wanted)
        ]
        return page_of([_view(entity, view) for entity in found], limit)


def _view(entity: Entity, view: type[V]) -> V:
    return msgspec.convert(copy.deepcopy(entity), view, from_attributes=True)
