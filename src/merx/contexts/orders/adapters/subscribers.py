"""What orders hear: the money came."""

from dataclasses import dataclass

from merx.contexts.orders.domain.states import PaymentStatus, Status
from merx.contexts.orders.ports.repositories import OrdersUow
from merx.contexts.payments.events import PaymentSucceeded
from merx.kernel.actor import Actor
from merx.kernel.ports import Clock


@dataclass(frozen=True, slots=True)
class Settle:
    clock: Clock

    async def on_payment_succeeded(self, event: PaymentSucceeded, uow: OrdersUow) -> None:
        """Finalises a draft that waited for its provider; marks an order paid. Hearing it twice changes nothing."""
        order = await uow.orders.get(event.order_id)
        if order.payment_status is PaymentStatus.paid:
            return
        now = self.clock.now()
        if order.status is Status.draft:
            uow.emit(order.place(now))
        uow.emit(order.pay(now))
        await uow.orders.save(order)
        await uow.timeline.note(order.id, now, "paid", Actor.system(), str(event.amount))
