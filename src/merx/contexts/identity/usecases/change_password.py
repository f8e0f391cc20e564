"""Whoever knows her password chooses another one."""

from dataclasses import dataclass
from uuid import UUID

from merx.contexts.identity.domain.account import GivenPassword, NewPassword
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.domain.errors import WrongPassword
from merx.contexts.identity.domain.session import EndReason
from merx.contexts.identity.ports.repositories import IdentityUowFactory
from merx.contexts.identity.ports.security import Passwords
from merx.contexts.identity.usecases.present_password import PresentPassword
from merx.contexts.identity.usecases.trail import by_owner
from merx.kernel.model import Command
from merx.kernel.ports import Clock


class ChangePassword(Command, frozen=True):
    present_password: GivenPassword
    new_password: NewPassword


@dataclass(frozen=True, slots=True)
class ChangePasswordHandler:
    """Ends every session but the one of `session_id`. Raises what PresentPassword raises."""

    uow: IdentityUowFactory
    present_password: PresentPassword
    passwords: Passwords
    clock: Clock

    async def __call__(self, account_id: UUID, session_id: UUID | None, cmd: ChangePassword, caller: Caller) -> None:
        proved = await self.present_password(account_id, cmd.present_password, caller)
        password_hash = await self.passwords.hash(cmd.new_password)
        now = self.clock.now()
        async with self.uow() as uow:
            account = await uow.accounts.locked(account_id)
            # Of two changes at once the second one gave a password that is the present one no more.
            if account.password_hash != proved.password_hash:
                raise WrongPassword
            uow.emit(account.choose_password(password_hash, now))
            await uow.accounts.save(account)
            ended = await uow.sessions.end_all(account_id, EndReason.password_changed, now, session_id)
            uow.record(by_owner(caller, account, "password-changed", sessions_ended=ended))
            await uow.commit()
