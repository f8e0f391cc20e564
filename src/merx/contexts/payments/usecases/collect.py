"""Cash that a courier took."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from merx.contexts.payments.domain.errors import WrongState
from merx.contexts.payments.domain.payment import PaymentState
from merx.contexts.payments.ports.repositories import PaymentsUowFactory
from merx.kernel.actor import Actor
from merx.kernel.audit import AuditEntry, pictured
from merx.kernel.model import Command
from merx.kernel.money import Money
from merx.kernel.ports import Clock


class CollectCash(Command, frozen=True):
    """`reference` is the courier's receipt: the same one twice is the same collection."""

    payment_id: UUID
    amount: Money
    reference: Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+( [\x21-\x7e]+)*\Z")]


@dataclass(frozen=True, slots=True)
class CollectCashHandler:
    uow: PaymentsUowFactory
    clock: Clock

    async def __call__(self, actor: Actor, cmd: CollectCash) -> None:
        """Raises PaymentNotFound, WrongAmount, WrongState, and BeyondLimit for more than the actor may take."""
        actor.must_may("payments:write", amount=cmd.amount)
        async with self.uow() as uow:
            payment = await uow.locked(cmd.payment_id)
            if payment.state is PaymentState.voided:
                # Late news of a provider would be believed; a person who types this has the wrong order.
                raise WrongState("the order was cancelled, nothing is due")
            before = pictured(payment)
            uow.emit(*payment.collect(cmd.amount, cmd.reference, self.clock.now()))
            await uow.payments.save(payment)
            uow.record(AuditEntry.of(actor, "payments.cash-collected", payment, before=before))
            await uow.commit()
