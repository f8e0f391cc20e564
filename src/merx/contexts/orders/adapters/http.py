"""Orders over HTTP: checkout and reading for customers and guests, fulfilment for staff."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter

from merx.contexts.orders.adapters.keys import KeyHeader, checkout_key
from merx.contexts.orders.domain.errors import OrderNotFound
from merx.contexts.orders.domain.states import FulfilmentStatus, Status
from merx.contexts.orders.ports.queries import (
    OrderFilter,
    OrderQueries,
    OrderSummary,
    OrderView,
    PlacedOrder,
    TimelineEntry,
)
from merx.contexts.orders.usecases.commands import CancelOrder, CheckoutRequest, NoteOnOrder, PlaceOrder, ShipOrder
from merx.contexts.orders.usecases.fulfil import CancelOrderHandler, ShipOrderHandler
from merx.contexts.orders.usecases.place_order import PlaceOrderHandler
from merx.infra.failpoints import failpoint
from merx.infra.http.auth import GuestProof, guest_or_owner, public, signed_in, staff
from merx.infra.http.once import once, own_once
from merx.infra.http.paging import DEFAULT_LIMIT, After, PageLimit
from merx.infra.http.responses import Encoded
from merx.infra.http.route_classes import RouteClass, limited
from merx.infra.idempotency.http import REPLAYED
from merx.kernel.actor import Actor
from merx.kernel.paging import Page

_READ, _WRITE = staff("orders:read"), staff("orders:write")

NumberFilter = Annotated[str | None, QueryParameter(max_length=40, description="order number")]
EmailFilter = Annotated[str | None, QueryParameter(max_length=254, description="the order's e-mail address")]
StatusFilter = Annotated[Status | None, QueryParameter(description="orders in this state only")]
FulfilmentFilter = Annotated[FulfilmentStatus | None, QueryParameter(description="orders sent so far only")]

_PLACED = {
    201: ResponseSpec(data_container=PlacedOrder, description="placed", generate_examples=False),
    200: ResponseSpec(data_container=PlacedOrder, description="placed before", generate_examples=False),
}


async def _visible(queries: OrderQueries, actor: Actor, guest: GuestProof, order_id: UUID) -> OrderView:
    """The order, for its customer, the guest with its token, and staff. Raises OrderNotFound for all others."""
    order = await queries.order(order_id)
    owner = order.customer_id is not None and order.customer_id == actor.customer_id
    if owner or guest.opens("order", order_id) or (actor.is_staff and actor.may("orders:read")):
        return order
    raise OrderNotFound


class OrderController(Controller):
    path = "/orders"
    tags = ("orders",)

    @post(
        "/",
        guards=[public],
        operation_id="PlaceOrder",
        summary="Check out a cart",
        responses=_PLACED,
        **limited(RouteClass.checkout),
        **own_once(required=True),
    )
    async def place(
        self,
        data: JSONBody[PlaceOrder],
        actor: NamedDependency[Actor],
        proof: NamedDependency[GuestProof],
        place_order: NamedDependency[PlaceOrderHandler],
        idempotency_key: KeyHeader = None,
    ) -> Encoded:
        """Checkout of a cart. Needs an `Idempotency-Key`; sent again, the same key and body get the same answer.

        A cart becomes one order, whatever the keys: asked for again with another key it answers 200 with that order.
        """
        answer = await place_order(
            CheckoutRequest(
                command=data,
                actor=actor,
                opens_cart=proof.opens("cart", data.cart_id),
                key=checkout_key(actor, data, idempotency_key),
            )
        )
        failpoint("checkout.before-reply")
        return Encoded(answer.body, answer.status, [REPLAYED] if answer.replayed else None)

    @get("/", guards=[signed_in], operation_id="ListOrders", summary="Orders, newest first")
    async def list_orders(
        self,
        actor: NamedDependency[Actor],
        order_queries: NamedDependency[OrderQueries],
        number: NumberFilter = None,
        email: EmailFilter = None,
        status: StatusFilter = None,
        fulfilment_status: FulfilmentFilter = None,
        limit: PageLimit = DEFAULT_LIMIT,
        after: After = None,
    ) -> Page[OrderSummary]:
        """A customer's own orders; all orders for staff."""
        if actor.customer_id is None:
            actor.must_may("orders:read")
        return await order_queries.orders(
            OrderFilter(
                customer_id=actor.customer_id,
                number=None if number is None else number.upper(),
                email=email,
                status=status,
                fulfilment_status=fulfilment_status,
                limit=limit,
                after=after,
            )
        )

    @get("/{order_id:uuid}", guards=[guest_or_owner], operation_id="GetOrder", summary="One order")
    async def read(
        self,
        order_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        proof: NamedDependency[GuestProof],
        order_queries: NamedDependency[OrderQueries],
    ) -> OrderView:
        return await _visible(order_queries, actor, proof, order_id)

    @post(
        "/{order_id:uuid}/cancel",
        guards=[guest_or_owner],
        status_code=200,
        operation_id="CancelOrder",
        summary="Cancel an order",
        **once(),
    )
    async def cancel(
        self,
        order_id: FromPath[UUID],
        data: JSONBody[CancelOrder],
        actor: NamedDependency[Actor],
        proof: NamedDependency[GuestProof],
        cancel_order: NamedDependency[CancelOrderHandler],
        order_queries: NamedDependency[OrderQueries],
    ) -> OrderView:
        """Calls off what was not sent yet and gives the stock back."""
        await cancel_order(actor, order_id, data, opens_order=proof.opens("order", order_id))
        return await order_queries.order(order_id)

    @post(
        "/{order_id:uuid}/shipments",
        guards=[_WRITE],
        operation_id="ShipOrder",
        summary="Send an order or a part of it",
        **once(),
    )
    async def ship(
        self,
        order_id: FromPath[UUID],
        data: JSONBody[ShipOrder],
        actor: NamedDependency[Actor],
        ship_order: NamedDependency[ShipOrderHandler],
        order_queries: NamedDependency[OrderQueries],
    ) -> OrderView:
        await ship_order(actor, order_id, data)
        return await order_queries.order(order_id)

    @post(
        "/{order_id:uuid}/shipments/{shipment_id:uuid}/deliver",
        guards=[_WRITE],
        status_code=200,
        operation_id="DeliverShipment",
        summary="Note that a parcel arrived",
        **once(),
    )
    async def deliver(
        self,
        order_id: FromPath[UUID],
        shipment_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        ship_order: NamedDependency[ShipOrderHandler],
        order_queries: NamedDependency[OrderQueries],
    ) -> OrderView:
        await ship_order.deliver(actor, order_id, shipment_id)
        return await order_queries.order(order_id)

    @post(
        "/{order_id:uuid}/notes",
        guards=[_WRITE],
        operation_id="NoteOnOrder",
        summary="Write a note on an order",
        **once(),
    )
    async def note(
        self,
        order_id: FromPath[UUID],
        data: JSONBody[NoteOnOrder],
        actor: NamedDependency[Actor],
        ship_order: NamedDependency[ShipOrderHandler],
        order_queries: NamedDependency[OrderQueries],
    ) -> list[TimelineEntry]:
        await ship_order.note(actor, order_id, data)
        return await order_queries.timeline(order_id)

    @get(
        "/{order_id:uuid}/timeline",
        guards=[_READ],
        operation_id="GetOrderTimeline",
        summary="What happened to an order",
    )
    async def timeline(
        self, order_id: FromPath[UUID], order_queries: NamedDependency[OrderQueries]
    ) -> list[TimelineEntry]:
        await order_queries.order(order_id)
        return await order_queries.timeline(order_id)
