"""What happens to an order after it was placed."""

from dataclasses import dataclass
from uuid import UUID

from merx.contexts.orders.domain.errors import OrderNotFound
from merx.contexts.orders.domain.order import WORDS
from merx.contexts.orders.ports.repositories import OrdersUowFactory
from merx.contexts.orders.usecases.commands import CancelOrder, NoteOnOrder, ShipOrder
from merx.kernel.actor import Actor
from merx.kernel.audit import AuditEntry, facts, pictured
from merx.kernel.errors import FieldError, Invalid
from merx.kernel.ports import Clock


@dataclass(frozen=True, slots=True)
class CancelOrderHandler:
    uow: OrdersUowFactory
    clock: Clock

    async def __call__(self, actor: Actor, order_id: UUID, cmd: CancelOrder, *, opens_order: bool) -> None:
        """By the customer, the guest with its token, or staff. Raises OrderNotFound, NotCancellable."""
        async with self.uow() as uow:
            order = await uow.orders.get(order_id)
            owner = order.customer_id is not None and order.customer_id == actor.customer_id
            if not (owner or opens_order or (actor.is_staff and actor.may("orders:write"))):
                raise OrderNotFound
            now = self.clock.now()
            before = pictured(order, hide=WORDS)
            uow.emit(order.cancel(now, cmd.reason))
            await uow.orders.save(order)
            await uow.timeline.note(order.id, now, "cancelled", actor, cmd.reason)
            if actor.is_staff or actor.impersonator is not None:
                uow.record(AuditEntry.of(actor, "orders.order-cancelled", order, before=before, hide=WORDS))
            await uow.commit()


@dataclass(frozen=True, slots=True)
class ShipOrderHandler:
    uow: OrdersUowFactory
    clock: Clock

    async def __call__(self, actor: Actor, order_id: UUID, cmd: ShipOrder) -> None:
        """Raises OrderNotFound, NotShippable, UnknownLine."""
        quantities = {line.line_id: line.quantity for line in cmd.lines}
        if len(quantities) < len(cmd.lines):
            raise Invalid("a line is named twice", fields=(FieldError("lines", "name each line once"),))
        async with self.uow() as uow:
            order = await uow.orders.get(order_id)
            now = self.clock.now()
            before = pictured(order, hide=WORDS)
            uow.emit(order.ship(now, cmd.carrier, cmd.tracking_number, quantities))
            await uow.orders.save(order)
            await uow.timeline.note(order.id, now, "shipped", actor, f"{cmd.carrier} {cmd.tracking_number}".strip())
            uow.record(AuditEntry.of(actor, "orders.order-shipped", order, before=before, hide=WORDS))
            await uow.commit()

    async def deliver(self, actor: Actor, order_id: UUID, shipment_id: UUID) -> None:
        """Raises OrderNotFound, UnknownShipment, NotDeliverable."""
        async with self.uow() as uow:
            order = await uow.orders.get(order_id)
            now = self.clock.now()
            before = pictured(order, hide=WORDS)
            uow.emit(order.deliver(shipment_id, now))
            await uow.orders.save(order)
            await uow.timeline.note(order.id, now, "delivered", actor)
            uow.record(AuditEntry.of(actor, "orders.shipment-delivered", order, before=before, hide=WORDS))
            await uow.commit()

    async def note(self, actor: Actor, order_id: UUID, cmd: NoteOnOrder) -> None:
        async with self.uow() as uow:
            order = await uow.orders.get(order_id)
            await uow.timeline.note(order.id, self.clock.now(), "note", actor, cmd.note)
            uow.record(
                AuditEntry(
                    actor=actor,
                    action="orders.order-noted",
                    target="order",
                    target_id=order.id,
                    changes=facts(characters=len(cmd.note)),
                )
            )
            await uow.commit()
