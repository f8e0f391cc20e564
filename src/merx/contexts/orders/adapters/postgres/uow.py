"""Staff changes one order through the aggregate; checkout inserts many set-wise."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
from sqlalchemy.orm import selectinload

from merx.contexts.orders.adapters.postgres.rows import OrderRow
from merx.contexts.orders.domain.errors import OrderNotFound
from merx.contexts.orders.domain.order import Order
from merx.infra.postgres import PostgresRepository, PostgresTx, PostgresUow, compiled, json_text
from merx.kernel.actor import Actor
from merx.kernel.errors import Conflict
from merx.kernel.ids import new_id

_INSERT = compiled(
    """
    with placed as (
        insert into orders."order" (id, version, number, cart_id, customer_id, email, address, shipping, payment_method,
               payment_id, items_total_amount, items_total_currency, shipping_total_amount, shipping_total_currency,
               total_amount, total_currency, created_at, updated_at, status, payment_status, fulfilment_status,
               placed_at, cancel_reason)
        select o.id, 1, o.number, o.cart_id, o.customer_id, o.email, cast(o.address as jsonb),
               cast(o.shipping as jsonb), o.method, o.payment_id, o.items, o.currency, o.shipping_total, o.currency,
               o.items + o.shipping_total, o.currency, :at, :at, o.status, 'pending', 'unfulfilled', :at, ''
          from unnest(cast(:ids as uuid[]), cast(:numbers as text[]), cast(:carts as uuid[]),
                      cast(:customers as uuid[]), cast(:emails as text[]), cast(:addresses as text[]),
                      cast(:shippings as text[]), cast(:methods as text[]), cast(:payments as uuid[]),
                      cast(:items as bigint[]), cast(:shipping_totals as bigint[]), cast(:currencies as text[]),
                      cast(:statuses as text[]))
               as o(id, number, cart_id, customer_id, email, address, shipping, method, payment_id, items,
                    shipping_total, currency, status)),
    history as (
        insert into orders.timeline (id, order_id, at, kind, actor, request_id, note)
        select t.id, t.order_id, :at, 'placed', t.actor, t.request_id, ''
          from unnest(cast(:timeline_ids as uuid[]), cast(:ids as uuid[]), cast(:actors as text[]),
                      cast(:request_ids as text[]))
               as t(id, order_id, actor, request_id))
    insert into orders.order_line (id, order_id, position, variant_id, product_id, sku, name, options, quantity,
           unit_price_amount, unit_price_currency, line_total_amount, line_total_currency, shipped, cancelled)
    select l.id, l.order_id, l.position, l.variant_id, l.product_id, l.sku, l.name, cast(l.options as jsonb),
           l.quantity, l.unit, l.currency, l.unit * l.quantity, l.currency, 0, 0
      from unnest(cast(:l_ids as uuid[]), cast(:l_orders as uuid[]), cast(:l_positions as int[]),
                  cast(:l_variants as uuid[]), cast(:l_products as uuid[]), cast(:l_skus as text[]),
                  cast(:l_names as text[]), cast(:l_options as text[]), cast(:l_quantities as int[]),
                  cast(:l_units as bigint[]), cast(:l_currencies as text[]))
           as l(id, order_id, position, variant_id, product_id, sku, name, options, quantity, unit, currency)
    """
)

_ATTACH = compiled(
    """
    update orders."order" set customer_id = :customer_id, version = version + 1
     where customer_id is null and lower(email) = :email
    """
)
_NOTE = compiled(
    """
    insert into orders.timeline (id, order_id, at, kind, actor, request_id, note)
    values (:id, :order_id, :at, :kind, :actor, :request_id, :note)
    """
)


class PostgresPlacements:
    def __init__(self, tx: PostgresTx) -> None:
        self._tx = tx

    async def insert(self, placed: Sequence[tuple[Order, Actor]]) -> None:
        orders = [order for order, _ in placed]
        lines = [(order, position, line) for order in orders for position, line in enumerate(order.lines)]
        try:
            await self._tx.execute(
                _INSERT,
                at=orders[0].created_at,
                ids=[order.id for order in orders],
                timeline_ids=[new_id() for _ in orders],
                actors=[str(actor) for _, actor in placed],
                request_ids=[actor.request_id for _, actor in placed],
                numbers=[order.number for order in orders],
                carts=[order.cart_id for order in orders],
                customers=[order.customer_id for order in orders],
                emails=[order.email for order in orders],
                addresses=[json_text(order.address) for order in orders],
                shippings=[json_text(order.shipping) for order in orders],
                methods=[order.payment_method for order in orders],
                payments=[order.payment_id for order in orders],
                items=[order.items_total.amount for order in orders],
                shipping_totals=[order.shipping_total.amount for order in orders],
                currencies=[order.total.currency for order in orders],
                statuses=[order.status.value for order in orders],
                l_ids=[line.id for _, _, line in lines],
                l_orders=[order.id for order, _, _ in lines],
                l_positions=[position for _, position, _ in lines],
                l_variants=[line.variant_id for _, _, line in lines],
                l_products=[line.product_id for _, _, line in lines],
                l_skus=[line.sku for _, _, line in lines],
                l_names=[line.name for _, _, line in lines],
                l_options=[json_text(line.options) for _, _, line in lines],
                l_quantities=[line.quantity for _, _, line in lines],
                l_units=[line.unit_price.amount for _, _, line in lines],
                l_currencies=[line.unit_price.currency for _, _, line in lines],
            )
        except asyncpg.UniqueViolationError as error:
            raise Conflict("the cart became an order meanwhile") from error


class PostgresTimeline:
    def __init__(self, tx: PostgresTx) -> None:
        self._tx = tx

    async def note(self, order_id: UUID, at: datetime, kind: str, actor: Actor, note: str = "") -> None:
        await self._tx.execute(
            _NOTE,
            id=new_id(),
            order_id=order_id,
            at=at,
            kind=kind,
            actor=str(actor),
            request_id=actor.request_id,
            note=note,
        )


class PostgresGuestOrders:
    def __init__(self, tx: PostgresTx) -> None:
        self._tx = tx

    async def attach(self, email: str, customer_id: UUID) -> int:
        return await self._tx.execute(_ATTACH, email=email.strip().lower(), customer_id=customer_id)


# Made once: describing what to load takes longer than a statement.
_PARTS = (selectinload(OrderRow.lines), selectinload(OrderRow.shipments))


class PostgresOrdersUow(PostgresUow):
    def open(self, tx: PostgresTx) -> None:
        self.orders = PostgresRepository(
            Order,
            OrderRow,
            tx,
            *_PARTS,
            missing=OrderNotFound,
        )
        self.placements = PostgresPlacements(tx)
        self.timeline = PostgresTimeline(tx)
        self.guest_orders = PostgresGuestOrders(tx)
