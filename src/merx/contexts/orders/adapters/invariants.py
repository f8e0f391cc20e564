"""What is always true of orders."""

from collections.abc import Iterable

from merx.infra.invariants import RowsAre
from merx.infra.memory import MemoryStore


def _wrong_sums(store: MemoryStore) -> Iterable[object]:
    for order in store.table("orders.order").values():
        lines = order.lines
        items = sum(line.line_total.amount for line in lines)
        if (
            order.items_total.amount != items
            or order.total.amount != items + order.shipping_total.amount
            or any(line.line_total.amount != line.unit_price.amount * line.quantity for line in lines)
        ):
            yield order.id


def _wrong_parcels(store: MemoryStore) -> Iterable[object]:
    for order in store.table("orders.order").values():
        for line in order.lines:
            sent = sum(shipment.quantities.get(line.id, 0) for shipment in order.shipments)
            if sent != line.shipped or line.shipped + line.cancelled > line.quantity:
                yield line.id


PROMISES = (
    RowsAre(
        name="orders.totals-are-sums",
        promise="The total of an order is the sum of its lines and its shipping, a line its quantity times its price.",
        sql="""
            select o.id from orders."order" o left join (
                select order_id, sum(line_total_amount) as items,
                    bool_or(line_total_amount <> unit_price_amount * quantity) as wrong
                from orders.order_line group by 1
            ) l on l.order_id = o.id
            where o.items_total_amount <> coalesce(l.items, 0) or coalesce(l.wrong, false)
                or o.total_amount <> coalesce(l.items, 0) + o.shipping_total_amount
        """,
        memory=_wrong_sums,
    ),
    RowsAre(
        name="orders.parcels-hold-what-was-sent",
        promise="The pieces of a line that count as sent are those in its parcels, and no more than were ordered.",
        sql="""
            select l.id from orders.order_line l left join (
                select cast(piece.key as uuid) as line_id, sum(cast(piece.value as bigint)) as sent
                from orders.shipment s, jsonb_each_text(s.quantities) piece group by 1
            ) parcel on parcel.line_id = l.id
            where l.shipped <> coalesce(parcel.sent, 0) or l.shipped + l.cancelled > l.quantity
        """,
        memory=_wrong_parcels,
    ),
)
