"""Orders in memory."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from merx.contexts.orders.domain.errors import OrderNotFound
from merx.contexts.orders.domain.order import Order
from merx.contexts.orders.domain.states import Status
from merx.contexts.orders.ports.queries import OrderFilter, OrderSummary, OrderView, TimelineEntry
from merx.infra.memory import MemoryRepository, MemoryStore, MemoryTx, MemoryUow
from merx.kernel.actor import Actor
from merx.kernel.address import email_key
from merx.kernel.errors import Conflict
from merx.kernel.ids import new_id
from merx.kernel.paging import Page, decode_id, page_of

ORDERS, TIMELINE = "orders.order", "orders.timeline"


class MemoryPlacements:
    def __init__(self, tx: MemoryTx) -> None:
        self._orders = tx.table(ORDERS)
        self._timeline = tx.table(TIMELINE)

    async def insert(self, placed: Sequence[tuple[Order, Actor]]) -> None:
        taken = {order.cart_id for order in self._orders.values()}
        for order, actor in placed:
            if order.cart_id in taken:
                raise Conflict("the cart became an order meanwhile")
            taken.add(order.cart_id)
            self._orders.put(order.id, order)
            entry = TimelineEntry(new_id(), order.created_at, "placed", str(actor), actor.request_id, "")
            self._timeline.put(entry.id, (order.id, entry))


class MemoryTimeline:
    def __init__(self, tx: MemoryTx) -> None:
        self._timeline = tx.table(TIMELINE)

    async def note(self, order_id: UUID, at: datetime, kind: str, actor: Actor, note: str = "") -> None:
        entry = TimelineEntry(new_id(), at, kind, str(actor), actor.request_id, note)
        self._timeline.put(entry.id, (order_id, entry))


class MemoryGuestOrders:
    def __init__(self, tx: MemoryTx) -> None:
        self._orders = tx.table(ORDERS)

    async def attach(self, email: str, customer_id: UUID) -> int:
        key = email_key(email)
        own = [order for order in self._orders.values() if order.customer_id is None and email_key(order.email) == key]
        for order in own:
            order.customer_id = customer_id
            order.version += 1
            self._orders.put(order.id, order)
        return len(own)


class MemoryOrdersUow(MemoryUow):
    def open(self, tx: MemoryTx) -> None:
        self.orders = MemoryRepository[Order](
            ORDERS,
            tx,
            unique=[(lambda order: order.number, Conflict), (lambda order: order.cart_id, Conflict)],
            missing=OrderNotFound,
        )
        self.placements = MemoryPlacements(tx)
        self.timeline = MemoryTimeline(tx)
        self.guest_orders = MemoryGuestOrders(tx)


class MemoryOrderQueries:
    def __init__(self, store: MemoryStore) -> None:
        self._orders: dict[UUID, Order] = store.table(ORDERS)
        self._timeline: dict[UUID, tuple[UUID, TimelineEntry]] = store.table(TIMELINE)

    async def order(self, order_id: UUID) -> OrderView:
        found = self._orders.get(order_id)
        if found is None:
            raise OrderNotFound
        return msgspec.convert(found, OrderView, from_attributes=True)

    async def of_carts(self, cart_ids: list[UUID]) -> dict[UUID, OrderView]:
        return {
            order.cart_id: msgspec.convert(order, OrderView, from_attributes=True)
            for order in self._orders.values()
            if order.cart_id in cart_ids
        }

    async def orders(self, wanted: OrderFilter) -> Page[OrderSummary]:
        last = decode_id(wanted.after)
        key = None if wanted.email is None else email_key(wanted.email)
        found = sorted(
            (
                order
                for order in self._orders.values()
                if wanted.customer_id in (None, order.customer_id)
                and wanted.number in (None, order.number)
                and key in (None, email_key(order.email))
                and wanted.status in (None, order.status)
                and wanted.fulfilment_status in (None, order.fulfilment_status)
                and (last is None or order.id < last)
            ),
            key=lambda order: order.id,
            reverse=True,
        )
        return page_of(
            [
                OrderSummary(
                    order.id,
                    order.number,
                    order.status,
                    order.payment_status,
                    order.fulfilment_status,
                    order.email,
                    order.total,
                    len(order.lines),
                    order.placed_at,
                )
                for order in found
            ],
            wanted.limit,
        )

    async def timeline(self, order_id: UUID) -> list[TimelineEntry]:
        return [entry for of, entry in self._timeline.values() if of == order_id]

    async def has_bought(self, customer_id: UUID, product_id: UUID) -> bool:
        return any(
            order.customer_id == customer_id
            and order.status in (Status.placed, Status.completed)
            and any(line.product_id == product_id and line.cancelled < line.quantity for line in order.lines)
            for order in self._orders.values()
        )
