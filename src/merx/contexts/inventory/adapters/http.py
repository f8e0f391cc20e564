"""Stock over HTTP: availability for anyone, the rest for staff."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from merx.contexts.inventory.ports.queries import (
    AvailabilityView,
    Discrepancy,
    InventoryQueries,
    LocationView,
    LowStock,
    MovementView,
    VariantStock,
)
from merx.contexts.inventory.usecases.stock import AdjustStock, CountStockHandler, CreateLocation, ReceiveStock
from merx.infra.http.accepted import MAY_WAIT, accepted
from merx.infra.http.auth import public, staff
from merx.infra.http.once import once
from merx.infra.http.paging import DEFAULT_LIMIT, After, PageLimit
from merx.kernel.actor import Actor
from merx.kernel.paging import Page
from merx.kernel.rights import Limit

_READ, _WRITE = staff("inventory:read"), staff("inventory:write")
_READ_SOMEWHERE = staff("inventory:read", limits=(Limit.location,))
_WRITE_SOMEWHERE = staff("inventory:write", limits=(Limit.location,))
_RIGHTS = ("inventory:read", "inventory:write")

Threshold = Annotated[int, QueryParameter(ge=0, le=1_000_000, description="units left at most")]
VariantFilter = Annotated[UUID | None, QueryParameter(description="movements of this variant only")]
LocationFilter = Annotated[UUID | None, QueryParameter(description="movements at this location only")]


async def _counted(queries: InventoryQueries, actor: Actor, variant_id: UUID) -> VariantStock:
    """The stock after a count. Whose right ends at some locations hears of those alone."""
    stock = await queries.variant(variant_id)
    if any(actor.may(right) for right in _RIGHTS):
        return stock
    own = [level for level in stock.locations if any(actor.may(right, location=level.location_id) for right in _RIGHTS)]
    on_hand, allocated = sum(level.on_hand for level in own), sum(level.allocated for level in own)
    return VariantStock(variant_id, on_hand, allocated, on_hand - allocated, own)


class InventoryController(Controller):
    path = "/inventory"
    tags = ("inventory",)

    @get(
        "/variants/{variant_id:uuid}",
        guards=[public],
        operation_id="GetAvailability",
        summary="How many of a variant can be sold",
    )
    async def availability(
        self,
        variant_id: FromPath[UUID],
        inventory_queries: NamedDependency[InventoryQueries],
        actor: NamedDependency[Actor],
    ) -> VariantStock | AvailabilityView:
        """Units that can be sold now; staff sees every location."""
        stock = await inventory_queries.variant(variant_id)
        if actor.is_staff and actor.may("inventory:read"):
            return stock
        return AvailabilityView(stock.variant_id, max(0, stock.available))

    @post(
        "/adjustments",
        guards=[_WRITE_SOMEWHERE],
        operation_id="AdjustStock",
        summary="Count stock up or down, with a reason",
        responses=MAY_WAIT,
        **once(),
    )
    async def adjust(
        self,
        data: JSONBody[AdjustStock],
        actor: NamedDependency[Actor],
        count_stock: NamedDependency[CountStockHandler],
        inventory_queries: NamedDependency[InventoryQueries],
    ) -> Response[VariantStock]:
        """What takes more units away than the limit of the shop waits for a second person: 202, and nothing has
        changed."""
        if asked := await count_stock.adjust(actor, data):
            return accepted(asked)
        return Response(await _counted(inventory_queries, actor, data.variant_id))

    @post("/receipts", guards=[_WRITE_SOMEWHERE], operation_id="ReceiveStock", summary="Take in a delivery", **once())
    async def receive(
        self,
        data: JSONBody[ReceiveStock],
        actor: NamedDependency[Actor],
        count_stock: NamedDependency[CountStockHandler],
        inventory_queries: NamedDependency[InventoryQueries],
    ) -> VariantStock:
        await count_stock.receive(actor, data)
        return await _counted(inventory_queries, actor, data.variant_id)

    @get("/movements", guards=[_READ_SOMEWHERE], operation_id="ListMovements", summary="What moved stock, newest first")
    async def movements(
        self,
        inventory_queries: NamedDependency[InventoryQueries],
        actor: NamedDependency[Actor],
        variant_id: VariantFilter = None,
        location_id: LocationFilter = None,
        limit: PageLimit = DEFAULT_LIMIT,
        after: After = None,
    ) -> Page[MovementView]:
        """The ledger, newest first. Whose right ends at some locations names one of them."""
        actor.must_may("inventory:read", location=location_id)
        return await inventory_queries.movements(variant_id, limit, after, location_id)

    @get("/low-stock", guards=[_READ], operation_id="ListLowStock", summary="Variants that run out")
    async def low_stock(
        self,
        inventory_queries: NamedDependency[InventoryQueries],
        threshold: Threshold = 5,
        limit: PageLimit = DEFAULT_LIMIT,
        after: After = None,
    ) -> Page[LowStock]:
        return await inventory_queries.low_stock(threshold, limit, after)

    @get("/locations", guards=[_READ], operation_id="ListLocations", summary="Places that keep stock")
    async def locations(self, inventory_queries: NamedDependency[InventoryQueries]) -> list[LocationView]:
        return await inventory_queries.locations()

    @post(
        "/locations", guards=[_WRITE], operation_id="CreateLocation", summary="Add a place that keeps stock", **once()
    )
    async def create_location(
        self,
        data: JSONBody[CreateLocation],
        actor: NamedDependency[Actor],
        count_stock: NamedDependency[CountStockHandler],
        inventory_queries: NamedDependency[InventoryQueries],
    ) -> LocationView:
        location_id = await count_stock.create_location(actor, data)
        return next(view for view in await inventory_queries.locations() if view.id == location_id)

    @post(
        "/verify",
        guards=[_READ],
        status_code=200,
        operation_id="VerifyStock",
        summary="Compare the counters with the ledger",
    )
    async def verify(self, inventory_queries: NamedDependency[InventoryQueries]) -> list[Discrepancy]:
        """Counters that the ledger does not prove; empty is right."""
        return await inventory_queries.discrepancies()
