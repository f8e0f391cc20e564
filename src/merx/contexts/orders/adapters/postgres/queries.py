"""Orders as customers and staff read them."""

from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from merx.contexts.orders.domain.errors import OrderNotFound
from merx.contexts.orders.domain.states import FulfilmentStatus, PaymentStatus, Status
from merx.contexts.orders.ports.queries import (
    LineView,
    OrderFilter,
    OrderSummary,
    OrderView,
    ShipmentView,
    ShippingView,
    TimelineEntry,
)
from merx.infra.postgres import Reader, compiled
from merx.kernel.address import Address, email_key
from merx.kernel.money import Money
from merx.kernel.paging import Page, decode_id, page_of

_COLUMNS = """
    select o.id, o.number, o.status, o.payment_status, o.fulfilment_status, o.customer_id, o.email, o.address,
           o.shipping, o.payment_method, o.payment_id, o.items_total_amount, o.shipping_total_amount, o.total_amount,
           o.total_currency, o.created_at, o.placed_at, o.cancelled_at, o.version, o.cart_id,
           (select json_agg(json_build_object('id', l.id, 'variant_id', l.variant_id, 'product_id', l.product_id,
                   'sku', l.sku, 'name', l.name, 'options', l.options, 'quantity', l.quantity,
                   'unit_price', json_build_object('amount', l.unit_price_amount, 'currency', l.unit_price_currency),
                   'line_total', json_build_object('amount', l.line_total_amount, 'currency', l.line_total_currency),
                   'shipped', l.shipped, 'cancelled', l.cancelled) order by l.position)
              from orders.order_line l where l.order_id = o.id) as lines,
           (select json_agg(json_build_object('id', s.id, 'carrier', s.carrier, 'tracking_number', s.tracking_number,
                   'quantities', s.quantities, 'shipped_at', s.shipped_at, 'delivered_at', s.delivered_at)
                   order by s.position)
              from orders.shipment s where s.order_id = o.id) as shipments
      from orders."order" o
"""
_ORDER = compiled(_COLUMNS + " where o.id = :id")
_OF_CARTS = compiled(_COLUMNS + " where o.cart_id = any(cast(:ids as uuid[]))")
# A process of the version before writes no keys: those orders are compared by the small letters that PostgreSQL knows.
_LIST = compiled(
    """
    select o.id, o.number, o.status, o.payment_status, o.fulfilment_status, o.email, o.total_amount, o.total_currency,
           (select count(*) from orders.order_line l where l.order_id = o.id)::int, o.placed_at
      from orders."order" o
     where (cast(:customer_id as uuid) is null or o.customer_id = :customer_id)
       and (cast(:number as text) is null or o.number = :number)
       and (cast(:email_key as text) is null or o.email_key = :email_key
            or (o.email_key is null and lower(o.email) = :email_key))
       and (cast(:status as text) is null or o.status = :status)
       and (cast(:fulfilment as text) is null or o.fulfilment_status = :fulfilment)
       and (cast(:after as uuid) is null or o.id < :after)
     order by o.id desc limit cast(:limit as int)
    """
)
_TIMELINE = compiled(
    "select id, at, kind, actor, request_id, note from orders.timeline where order_id = :id order by id"
)
_BOUGHT = compiled(
    """
    select exists (select 1 from orders."order" o join orders.order_line l on l.order_id = o.id
                    where o.customer_id = :customer_id and l.product_id = :product_id
                      and o.status in ('placed', 'completed') and l.cancelled < l.quantity)
    """
)

_lines = msgspec.json.Decoder(list[LineView])
_shipments = msgspec.json.Decoder(list[ShipmentView])
_address = msgspec.json.Decoder(Address)
_shipping = msgspec.json.Decoder(ShippingView)


def _view(row: asyncpg.Record) -> OrderView:
    currency = row["total_currency"]
    return OrderView(
        id=row["id"],
        number=row["number"],
        status=Status(row["status"]),
        payment_status=PaymentStatus(row["payment_status"]),
        fulfilment_status=FulfilmentStatus(row["fulfilment_status"]),
        customer_id=row["customer_id"],
        email=row["email"],
        address=_address.decode(row["address"]),
        shipping=_shipping.decode(row["shipping"]),
        payment_method=row["payment_method"],
        payment_id=row["payment_id"],
        items_total=Money(row["items_total_amount"], currency),
        shipping_total=Money(row["shipping_total_amount"], currency),
        total=Money(row["total_amount"], currency),
        created_at=row["created_at"],
        placed_at=row["placed_at"],
        cancelled_at=row["cancelled_at"],
        lines=_lines.decode(row["lines"]) if row["lines"] else [],
        shipments=_shipments.decode(row["shipments"]) if row["shipments"] else [],
        version=row["version"],
    )


class PostgresOrderQueries:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def order(self, order_id: UUID) -> OrderView:
        row = await self._reader.fetchrow(_ORDER, id=order_id)
        if row is None:
            raise OrderNotFound
        return _view(row)

    async def of_carts(self, cart_ids: list[UUID]) -> dict[UUID, OrderView]:
        return {row["cart_id"]: _view(row) for row in await self._reader.fetch(_OF_CARTS, ids=cart_ids)}

    async def orders(self, wanted: OrderFilter) -> Page[OrderSummary]:
        rows = await self._reader.fetch(
            _LIST,
            customer_id=wanted.customer_id,
            number=wanted.number,
            email_key=None if wanted.email is None else email_key(wanted.email),
            status=wanted.status,
            fulfilment=wanted.fulfilment_status,
            after=decode_id(wanted.after),
            limit=wanted.limit + 1,
        )
        return page_of([_summary(row) for row in rows], wanted.limit)

    async def timeline(self, order_id: UUID) -> list[TimelineEntry]:
        return [TimelineEntry(*row) for row in await self._reader.fetch(_TIMELINE, id=order_id)]

    async def has_bought(self, customer_id: UUID, product_id: UUID) -> bool:
        found: bool = await self._reader.fetchval(_BOUGHT, customer_id=customer_id, product_id=product_id)
        return found


def _summary(row: asyncpg.Record) -> OrderSummary:
    values: list[Any] = list(row)
    return OrderSummary(
        values[0],
        values[1],
        Status(values[2]),
        PaymentStatus(values[3]),
        FulfilmentStatus(values[4]),
        values[5],
        Money(values[6], values[7]),
        values[8],
        values[9],
    )
