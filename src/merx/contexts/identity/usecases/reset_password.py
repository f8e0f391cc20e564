"""Somebody who forgot her password chooses a new one, with a code from her mailbox."""

from dataclasses import dataclass

from merx.contexts.identity.domain.account import NewPassword
from merx.contexts.identity.domain.caller import NOWHERE, Caller
from merx.contexts.identity.domain.one_time_code import CodePurpose, GivenCode
from merx.contexts.identity.domain.session import EndReason
from merx.contexts.identity.ports.repositories import IdentityUowFactory
from merx.contexts.identity.ports.security import Passwords, Throttle
from merx.contexts.identity.usecases.redeem import Redeemer
from merx.contexts.identity.usecases.trail import by_owner
from merx.kernel.model import Command
from merx.kernel.ports import Clock


class ResetPassword(Command, frozen=True):
    code: GivenCode
    password: NewPassword


@dataclass(frozen=True, slots=True)
class ResetPasswordHandler:
    """Ends every session: whoever knew the old password is out. The mailbox counts as verified, for it is, and she can
    sign in from where she is, also while strangers guess.

    Raises InvalidCode, and Unavailable when too many hash already.
    """

    uow: IdentityUowFactory
    passwords: Passwords
    redeemer: Redeemer
    throttle: Throttle
    clock: Clock

    async def __call__(self, cmd: ResetPassword, caller: Caller = NOWHERE) -> None:
        purpose, now = CodePurpose.reset_password, self.clock.now()
        # A code that we never made costs no hash.
        code_id = self.redeemer.read(purpose, cmd.code)
        password_hash = await self.passwords.hash(cmd.password)
        async with self.uow() as uow:
            account, _ = await self.redeemer.redeem(uow, code_id, purpose, now)
            uow.emit(account.choose_password(password_hash, now))
            verified = account.verify_email(now)
            if verified is not None:
                uow.emit(verified)
            await uow.accounts.save(account)
            uow.record(by_owner(caller, account, "password-reset"))
            await uow.sessions.end_all(account.id, EndReason.password_changed, now)
            await uow.commit()
        await self.throttle.read_mailbox(account.email_key, caller.address)
