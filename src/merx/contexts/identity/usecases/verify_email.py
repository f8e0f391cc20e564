"""Somebody proves to read the mailbox of her account."""

from dataclasses import dataclass

from merx.contexts.identity.domain.caller import NOWHERE, Caller
from merx.contexts.identity.domain.errors import InvalidCode
from merx.contexts.identity.domain.one_time_code import CodePurpose, GivenCode
from merx.contexts.identity.ports.repositories import IdentityUowFactory
from merx.contexts.identity.ports.security import Throttle
from merx.contexts.identity.usecases.redeem import Redeemer
from merx.contexts.identity.usecases.trail import by_owner
from merx.kernel.model import Command
from merx.kernel.ports import Clock


class VerifyEmail(Command, frozen=True):
    code: GivenCode


@dataclass(frozen=True, slots=True)
class VerifyEmailHandler:
    """Raises InvalidCode, also when the e-mail was verified before, with this code or with another one."""

    uow: IdentityUowFactory
    redeemer: Redeemer
    throttle: Throttle
    clock: Clock

    async def __call__(self, cmd: VerifyEmail, caller: Caller = NOWHERE) -> None:
        purpose, now = CodePurpose.verify_email, self.clock.now()
        code_id = self.redeemer.read(purpose, cmd.code)
        async with self.uow() as uow:
            account, _ = await self.redeemer.redeem(uow, code_id, purpose, now)
            verified = account.verify_email(now)
            if verified is None:
                raise InvalidCode
            await uow.accounts.save(account)
            uow.record(by_owner(caller, account, "email-verified"))
            uow.emit(verified)
            await uow.commit()
        await self.throttle.read_mailbox(account.email_key, caller.address)
