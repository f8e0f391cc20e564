"""What orders hear: the money came."""

from dataclasses import dataclass

from merx.contexts.identity.events import EmailChanged, EmailVerified
from merx.contexts.orders.domain.states import PaymentStatus, Status
from merx.contexts.orders.ports.repositories import OrdersUow
from merx.contexts.payments.events import PaymentSucceeded
from merx.kernel.actor import Actor
from merx.kernel.ports import Clock


async def on_email_verified(event: EmailVerified, uow: OrdersUow) -> None:
    """Past orders of a guest belong to whoever proves to read their mailbox. Before that it would be a theft."""
    await uow.guest_orders.attach(event.email, event.account_id)


async def on_email_changed(event: EmailChanged, uow: OrdersUow) -> None:
    """The new address was proved before it became the account's."""
    await uow.guest_orders.attach(event.new_email, event.account_id)


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
