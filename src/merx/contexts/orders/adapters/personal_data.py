"""What orders holds of people. The books stay: goods, totals, country and region; who it was does not.

An order of a guest is somebody's when they proved to read its e-mail.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from merx.contexts.orders.domain.order import Order
from merx.contexts.orders.domain.states import Status
from merx.contexts.orders.ports.queries import TimelineEntry
from merx.infra.personal_data import OF_ORDERS, MemoryRows, TableData, values_of
from merx.infra.personal_data.memory import Table
from merx.kernel.address import email_key
from merx.kernel.personal_data import Subject

_OWN = "customer_id = cast(:account_id as uuid) or (customer_id is null and email_key = any(cast(:emails as text[])))"
_BOOKS = "tax law: ten years after the year of the order; without a name, a street and an e-mail it leads to nobody"

TABLES = (
    TableData(
        table="orders.order",
        owner="id = any(cast(:order_ids as uuid[]))",
        erase="blank",
        blank={
            "email": "''",
            "email_key": "''",
            "address": "jsonb_build_object('name', 'erased', 'line1', 'erased', 'city', 'erased',"
            " 'country', address->>'country', 'region', coalesce(address->>'region', ''),"
            " 'postal_code', '', 'line2', '', 'phone', '')",
            "cancel_reason": "''",
        },
        because=_BOOKS,
    ),
    TableData(
        table="orders.order_line",
        owner=OF_ORDERS,
        because=_BOOKS,
    ),
    TableData(
        table="orders.shipment",
        owner=OF_ORDERS,
        erase="blank",
        blank={"tracking_number": "''"},
        because=_BOOKS,
    ),
    TableData(
        table="orders.timeline",
        owner=OF_ORDERS,
        erase="blank",
        blank={"note": "case when kind = 'paid' then note else '' end"},
        because=_BOOKS,
    ),
)
TRACES = {
    "order_ids": f'select id from orders."order" where {_OWN}',  # noqa: S608 - fixed text
    "cart_ids": f'select cart_id from orders."order" where {_OWN}',  # noqa: S608 - fixed text
}
MATTERS = {
    "orders": 'select from orders."order" where id = any(cast(:order_ids as uuid[]))'
    " and status in ('draft', 'placed')",
}


def memory_traces(table: Table, subject: Subject) -> Subject:
    def owns(order: Order) -> bool:
        guest = order.customer_id is None and email_key(order.email) in subject.emails
        return order.customer_id == subject.account_id or guest

    own = [order for order in table("orders.order").values() if owns(order)]
    return Subject(
        account_id=subject.account_id,
        order_ids=tuple(order.id for order in own),
        cart_ids=tuple(order.cart_id for order in own),
    )


def memory_matters(table: Table, subject: Subject) -> list[str]:
    orders = (table("orders.order").get(order_id) for order_id in subject.order_ids)
    unfinished = (Status.draft, Status.placed)
    return ["orders"] if any(order is not None and order.status in unfinished for order in orders) else []


def _forget(order: Order) -> Order:
    order.forget_person()
    return order


def _shown(order: Order, _: Subject) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "orders.order", values_of(order, email_key=email_key(order.email))
    for position, line in enumerate(order.lines):
        yield "orders.order_line", values_of(line, order_id=order.id, position=position)
    for position, shipment in enumerate(order.shipments):
        yield "orders.shipment", values_of(shipment, order_id=order.id, position=position)


def _forget_note(row: tuple[UUID, TimelineEntry]) -> tuple[UUID, TimelineEntry]:
    order_id, entry = row
    note = entry.note if entry.kind == "paid" else ""
    return order_id, TimelineEntry(entry.id, entry.at, entry.kind, entry.actor, entry.request_id, note)


ROWS = (
    MemoryRows(
        table="orders.order", owns=lambda row, subject: row.id in subject.order_ids, forget=_forget, shown=_shown
    ),
    MemoryRows(
        table="orders.timeline",
        owns=lambda row, subject: row[0] in subject.order_ids,
        forget=_forget_note,
        shown=lambda row, _: [("orders.timeline", values_of(row[1], order_id=row[0]))],
    ),
)
