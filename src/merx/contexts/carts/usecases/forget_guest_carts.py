"""Carts that their guests have left behind are removed."""

from dataclasses import dataclass
from datetime import timedelta

from merx.contexts.carts.ports.repositories import CartsUow
from merx.kernel.model import Event
from merx.kernel.ports import Clock

BATCH = 2_000


@dataclass(frozen=True, slots=True)
class ForgetGuestCartsHandler:
    """Runs in the transaction of the job. What is beyond a batch waits for the next turn.

    A cart that became an order stays, and money is attached to orders only. A customer's cart stays too.
    """

    clock: Clock
    days: int

    async def __call__(self, _: Event, uow: CartsUow) -> None:
        await uow.carts.forget_guests(self.clock.now() - timedelta(days=self.days), BATCH)
