"""What payments hear: money for what is cancelled is not asked for any more."""

from dataclasses import dataclass

from merx.contexts.orders.events import OrderCancelled
from merx.contexts.payments.ports.repositories import PaymentsUow
from merx.kernel.ports import Clock


@dataclass(frozen=True, slots=True)
class CallOff:
    clock: Clock

    async def on_order_cancelled(self, event: OrderCancelled, uow: PaymentsUow) -> None:
        now = self.clock.now()
        for payment in await uow.of_order(event.order_id):
            if event.whole:
                payment.void(event.reason, now)
            elif event.called_off is not None:
                payment.reduce(event.called_off, event.reason, now)
            await uow.payments.save(payment)
