"""Shipping over HTTP: one public question, and the screens of staff."""

from typing import Annotated, TypeVar
from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from merx.contexts.shipping.ports.queries import MethodView, RateView, Serviceability, ShippingQueries, ZoneView
from merx.contexts.shipping.usecases.facade import CheckServiceabilityHandler
from merx.contexts.shipping.usecases.methods import (
    ChangeMethod,
    ChangeMethodHandler,
    CreateMethod,
    CreateMethodHandler,
    RemoveMethodHandler,
)
from merx.contexts.shipping.usecases.rates import (
    ChangeRate,
    ChangeRateHandler,
    CreateRate,
    CreateRateHandler,
    RemoveRateHandler,
)
from merx.contexts.shipping.usecases.zones import (
    ChangeZone,
    ChangeZoneHandler,
    CreateZone,
    CreateZoneHandler,
    RemoveZoneHandler,
)
from merx.infra.http.auth import public, staff
from merx.infra.http.once import once
from merx.infra.http.paging import DEFAULT_LIMIT, After, PageLimit
from merx.infra.http.versions import IfMatch, version_of_if_match, versioned
from merx.kernel.actor import Actor
from merx.kernel.model import Entity
from merx.kernel.paging import Page

V = TypeVar("V", ZoneView, MethodView, RateView)

read = staff("shipping:read")
write = staff("shipping:write")

_Country = Annotated[str, QueryParameter(pattern=r"^[A-Z]{2}\Z", description="ISO 3166-1 alpha-2")]
_PostalCode = Annotated[str, QueryParameter(max_length=16, pattern=r"^[A-Za-z0-9 -]*\Z")]


def _shown(view: type[V], entity: Entity) -> Response[V]:
    return versioned(msgspec.convert(entity, view, from_attributes=True))


class ServiceabilityController(Controller):
    path = "/shipping/serviceability"
    tags = ("shipping",)

    @get("/", guards=[public], operation_id="CheckServiceability", summary="Can anything be sent there?")
    async def check(
        self,
        check_serviceability: NamedDependency[CheckServiceabilityHandler],
        country: _Country,
        postal_code: _PostalCode = "",
    ) -> Serviceability:
        return await check_serviceability(country, postal_code)


class ZonesController(Controller):
    path = "/shipping/zones"
    tags = ("shipping",)

    @get("/", guards=[read], operation_id="ListShippingZones", summary="Zones, in the order of making")
    async def list_zones(
        self,
        shipping_queries: NamedDependency[ShippingQueries],
        limit: PageLimit = DEFAULT_LIMIT,
        after: After = None,
    ) -> Page[ZoneView]:
        return await shipping_queries.zones(after, limit)

    @post("/", guards=[write], operation_id="CreateShippingZone", summary="Draw a zone", **once())
    async def create(
        self,
        data: JSONBody[CreateZone],
        actor: NamedDependency[Actor],
        create_zone: NamedDependency[CreateZoneHandler],
    ) -> Response[ZoneView]:
        return _shown(ZoneView, await create_zone(actor, data))

    @get("/{zone_id:uuid}", guards=[read], operation_id="GetShippingZone", summary="One zone")
    async def read_zone(
        self, zone_id: FromPath[UUID], shipping_queries: NamedDependency[ShippingQueries]
    ) -> Response[ZoneView]:
        return versioned(await shipping_queries.zone(zone_id))

    @patch("/{zone_id:uuid}", guards=[write], operation_id="ChangeShippingZone", summary="Edit a zone")
    async def change(
        self,
        zone_id: FromPath[UUID],
        data: JSONBody[ChangeZone],
        actor: NamedDependency[Actor],
        change_zone: NamedDependency[ChangeZoneHandler],
        if_match: IfMatch = None,
    ) -> Response[ZoneView]:
        return _shown(ZoneView, await change_zone(actor, zone_id, data, version_of_if_match(if_match)))

    @delete("/{zone_id:uuid}", guards=[write], operation_id="RemoveShippingZone", summary="Remove an empty zone")
    async def remove(
        self,
        zone_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        remove_zone: NamedDependency[RemoveZoneHandler],
        if_match: IfMatch = None,
    ) -> None:
        await remove_zone(actor, zone_id, version_of_if_match(if_match))


class MethodsController(Controller):
    path = "/shipping/methods"
    tags = ("shipping",)

    @get("/", guards=[read], operation_id="ListShippingMethods", summary="Methods, of one zone or of all")
    async def list_methods(
        self,
        shipping_queries: NamedDependency[ShippingQueries],
        zone_id: FromQuery[UUID | None] = None,
        limit: PageLimit = DEFAULT_LIMIT,
        after: After = None,
    ) -> Page[MethodView]:
        return await shipping_queries.methods(after, limit, zone_id)

    @post("/", guards=[write], operation_id="CreateShippingMethod", summary="Add a method to a zone", **once())
    async def create(
        self,
        data: JSONBody[CreateMethod],
        actor: NamedDependency[Actor],
        create_method: NamedDependency[CreateMethodHandler],
    ) -> Response[MethodView]:
        return _shown(MethodView, await create_method(actor, data))

    @get("/{method_id:uuid}", guards=[read], operation_id="GetShippingMethod", summary="One method")
    async def read_method(
        self, method_id: FromPath[UUID], shipping_queries: NamedDependency[ShippingQueries]
    ) -> Response[MethodView]:
        return versioned(await shipping_queries.method(method_id))

    @patch("/{method_id:uuid}", guards=[write], operation_id="ChangeShippingMethod", summary="Edit a method")
    async def change(
        self,
        method_id: FromPath[UUID],
        data: JSONBody[ChangeMethod],
        actor: NamedDependency[Actor],
        change_method: NamedDependency[ChangeMethodHandler],
        if_match: IfMatch = None,
    ) -> Response[MethodView]:
        return _shown(MethodView, await change_method(actor, method_id, data, version_of_if_match(if_match)))

    @delete("/{method_id:uuid}", guards=[write], operation_id="RemoveShippingMethod", summary="Remove a method")
    async def remove(
        self,
        method_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        remove_method: NamedDependency[RemoveMethodHandler],
        if_match: IfMatch = None,
    ) -> None:
        await remove_method(actor, method_id, version_of_if_match(if_match))


class RatesController(Controller):
    path = "/shipping/rates"
    tags = ("shipping",)

    @get("/", guards=[read], operation_id="ListShippingRates", summary="Rates, of one method or of all")
    async def list_rates(
        self,
        shipping_queries: NamedDependency[ShippingQueries],
        method_id: FromQuery[UUID | None] = None,
        limit: PageLimit = DEFAULT_LIMIT,
        after: After = None,
    ) -> Page[RateView]:
        return await shipping_queries.rates(after, limit, method_id)

    @post("/", guards=[write], operation_id="CreateShippingRate", summary="Price a method in a currency", **once())
    async def create(
        self,
        data: JSONBody[CreateRate],
        actor: NamedDependency[Actor],
        create_rate: NamedDependency[CreateRateHandler],
    ) -> Response[RateView]:
        return _shown(RateView, await create_rate(actor, data))

    @get("/{rate_id:uuid}", guards=[read], operation_id="GetShippingRate", summary="One rate")
    async def read_rate(
        self, rate_id: FromPath[UUID], shipping_queries: NamedDependency[ShippingQueries]
    ) -> Response[RateView]:
        return versioned(await shipping_queries.rate(rate_id))

    @patch("/{rate_id:uuid}", guards=[write], operation_id="ChangeShippingRate", summary="Edit a rate")
    async def change(
        self,
        rate_id: FromPath[UUID],
        data: JSONBody[ChangeRate],
        actor: NamedDependency[Actor],
        change_rate: NamedDependency[ChangeRateHandler],
        if_match: IfMatch = None,
    ) -> Response[RateView]:
        return _shown(RateView, await change_rate(actor, rate_id, data, version_of_if_match(if_match)))

    @delete("/{rate_id:uuid}", guards=[write], operation_id="RemoveShippingRate", summary="Remove a rate")
    async def remove(
        self,
        rate_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        remove_rate: NamedDependency[RemoveRateHandler],
        if_match: IfMatch = None,
    ) -> None:
        await remove_rate(actor, rate_id, version_of_if_match(if_match))
