"""Staff changes one order through the aggregate; checkout inserts many set-wise."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import selectinload

from merx.contexts.orders.adapters.postgres.rows import EMAIL_KEYS, OrderRow
from merx.contexts.orders.domain.errors import OrderNotFound
from merx.contexts.orders.domain.order import Order
from merx.infra.postgres import PostgresRepository, PostgresTx, PostgresUow, Write, compiled, json_text
from merx.kernel.actor import Actor
from merx.kernel.address import email_key
from merx.kernel.errors import Conflict
from merx.kernel.ids import new_id

# The orders come as one text: two dozen arrays take the driver three times as long.
_INSERT = Write(
    """
    given as materialized (
        select * from json_to_recordset(cast(:orders as json))
               as o(id uuid, number text, cart_id uuid, customer_id uuid, email text, address jsonb, shipping jsonb,
                    payment_method text, payment_id uuid, items_total json, shipping_total json, total json,
                    created_at timestamptz, status text, lines json)),
    placed as (
        insert into orders."order" (id, version, number, cart_id, customer_id, email, email_key, address, shipping,
               payment_method, payment_id, items_total_amount, items_total_currency, shipping_total_amount,
               shipping_total_currency, total_amount, total_currency, created_at, updated_at, status, payment_status,
               fulfilment_status, placed_at, cancel_reason)
        select o.id, 1, o.number, o.cart_id, o.customer_id, o.email, k.email_key, o.address, o.shipping,
               o.payment_method, o.payment_id, cast(o.items_total->>'amount' as bigint), o.items_total->>'currency',
               cast(o.shipping_total->>'amount' as bigint), o.shipping_total->>'currency',
               cast(o.total->>'amount' as bigint), o.total->>'currency', o.created_at, o.created_at, o.status,
               'pending', 'unfulfilled', o.created_at, ''
          from given o
          join unnest(cast(:ids as uuid[]), cast(:email_keys as text[])) as k(id, email_key) on k.id = o.id),
    history as (
        insert into orders.timeline (id, order_id, at, kind, actor, request_id, note)
        select t.id, t.order_id, :at, 'placed', t.actor, t.request_id, ''
          from unnest(cast(:timeline_ids as uuid[]), cast(:ids as uuid[]), cast(:actors as text[]),
                      cast(:request_ids as text[]))
               as t(id, order_id, actor, request_id)),
    ordered as (
    insert into orders.order_line (id, order_id, position, variant_id, product_id, sku, name, options, quantity,
           unit_price_amount, unit_price_currency, line_total_amount, line_total_currency, shipped, cancelled)
    select l.id, o.id, l.position - 1, l.variant_id, l.product_id, l.sku, l.name, l.options, l.quantity,
           cast(l.unit_price->>'amount' as bigint), l.unit_price->>'currency',
           cast(l.line_total->>'amount' as bigint), l.line_total->>'currency', 0, 0
      from given o,
           rows from (json_to_recordset(o.lines)
                      as (id uuid, variant_id uuid, product_id uuid, sku text, name text, options jsonb, quantity int,
                          unit_price json, line_total json))
           with ordinality
               as l(id, variant_id, product_id, sku, name, options, quantity, unit_price, line_total, position))
    """
)

_ATTACH = compiled(
    """
    update orders."order" set customer_id = :customer_id, version = version + 1
     where customer_id is null and email_key = :email_key
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
        self._tx.later(
            _INSERT.filled(
                at=orders[0].created_at,
                orders=json_text(orders),
                ids=[order.id for order in orders],
                email_keys=[email_key(order.email) for order in orders],
                timeline_ids=[new_id() for _ in orders],
                actors=[str(actor) for _, actor in placed],
                request_ids=[actor.request_id for _, actor in placed],
            ),
            refused={
                "uq_order_cart_id": Conflict("the cart became an order meanwhile"),
                "uq_order_number": Conflict("the number is taken: try again"),
            },
        )


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
        await EMAIL_KEYS.fill(self._tx)
        return await self._tx.execute(_ATTACH, email_key=email_key(email), customer_id=customer_id)


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
