"""What payments hear: money for a cancelled order is not asked for any more."""

from dataclasses import dataclass

from merx.contexts.orders.events import OrderCancelled
from merx.contexts.payments.ports.repositories import PaymentsUow
from merx.kernel.ports import Clock


@dataclass(frozen=True, slots=True)
class CallOff:
    clock: Clock

    async def on_order_cancelled(self, event: OrderCancelled, uow: PaymentsUow) -> None:
        if not event.whole:
            return
        for payment in await uow.of_order(event.order_id):
            payment.void(event.reason, self.clock.now())
            await uow.payments.save(payment)
