"""A visitor types an e-mail to get a code by mail."""

from dataclasses import dataclass
from typing import Literal

from merx.contexts.identity.domain.account import TypedEmail, trimmed
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.events import CodeAsked
from merx.contexts.identity.ports.repositories import IdentityUowFactory
from merx.contexts.identity.ports.security import Throttle
from merx.contexts.identity.usecases.note_refusal import EmailDigests, RefusalNotes
from merx.kernel.address import email_key
from merx.kernel.audit import AuditEntry
from merx.kernel.errors import RateLimited
from merx.kernel.model import Command
from merx.kernel.ports import Clock


class AskForCode(Command, frozen=True):
    email: TypedEmail


@dataclass(frozen=True, slots=True)
class AskForCodeHandler:
    """Only writes down the wish: whether the e-mail has an account is looked up by a subscriber, so that neither the
    answer nor its time tells. An e-mail that was asked for too often, by whomever, gets no further mail, and the answer
    is the same: those that were sent are in the owner's mailbox. Raises RateLimited for what came from one address.
    """

    uow: IdentityUowFactory
    throttle: Throttle
    digests: EmailDigests
    refusals: RefusalNotes
    clock: Clock

    async def __call__(
        self, purpose: Literal["verify-email", "reset-password"], cmd: AskForCode, caller: Caller
    ) -> None:
        key, throttled = email_key(cmd.email), f"identity.{purpose}-throttled"
        try:
            lets_mail = await self.throttle.lets_mail(purpose, key, caller.address)
        except RateLimited:
            await self.refusals.email(caller.anonymous(), throttled, key)
            raise
        if not lets_mail:
            await self.refusals.email(caller.anonymous(), throttled, key)
            return
        async with self.uow() as uow:
            # About the e-mail as it was typed: who has it is not looked up here.
            uow.record(
                AuditEntry(
                    actor=caller.anonymous(),
                    action=f"identity.{purpose}-asked",
                    target="email",
                    target_id=self.digests(key),
                )
            )
            uow.emit(CodeAsked(at=self.clock.now(), purpose=purpose, email=trimmed(cmd.email)))
            await uow.commit()
