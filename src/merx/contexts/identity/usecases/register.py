"""A visitor becomes a customer."""

from dataclasses import dataclass

import msgspec

from merx.contexts.identity.domain.account import Account, AccountKind, NewPassword, TypedEmail
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.domain.errors import EmailTaken
from merx.contexts.identity.domain.one_time_code import CodePurpose, OneTimeCode
from merx.contexts.identity.events import RegistrationRepeated
from merx.contexts.identity.ports.repositories import IdentityUowFactory
from merx.contexts.identity.ports.security import Passwords, Throttle
from merx.contexts.identity.usecases.note_refusal import RefusalNotes
from merx.kernel.address import email_key
from merx.kernel.audit import AuditEntry
from merx.kernel.errors import RateLimited
from merx.kernel.model import Command
from merx.kernel.ports import Clock
from merx.kernel.text import Name


class Register(Command, frozen=True):
    email: TypedEmail
    password: NewPassword
    name: Name


@dataclass(frozen=True, slots=True)
class RegisterHandler:
    """Says nothing about whether the e-mail had an account before: same answer, same work.

    The mail to a new account carries the code that verifies its e-mail.

    The owner of an existing account hears of it by mail. Raises RateLimited, and Unavailable when too many hash
    already.
    """

    uow: IdentityUowFactory
    passwords: Passwords
    throttle: Throttle
    refusals: RefusalNotes
    clock: Clock

    async def __call__(self, cmd: Register, caller: Caller) -> None:
        # Registrations are never taken back from the count, so one address cannot make accounts without end.
        try:
            await self.throttle.begin("register", email_key(cmd.email), caller.address)
        except RateLimited:
            await self.refusals.email(caller.anonymous(), "identity.register-throttled", email_key(cmd.email))
            raise
        password_hash = await self.passwords.hash(cmd.password)
        try:
            await self._open(cmd, password_hash, caller)
        except EmailTaken:
            # Somebody registered the same address between the look and the insert.
            await self._open(cmd, password_hash, caller)

    async def _open(self, cmd: Register, password_hash: str, caller: Caller) -> None:
        now = self.clock.now()
        async with self.uow() as uow:
            held = await uow.accounts.by_email(email_key(cmd.email))
            if held is None:
                account, event = Account.open(
                    email=cmd.email, name=cmd.name, kind=AccountKind.customer, password_hash=password_hash, now=now
                )
                await uow.accounts.add(account)
                code = OneTimeCode.issue(account, CodePurpose.verify_email, now)
                await uow.codes.add(code)
                uow.emit(msgspec.structs.replace(event, code_id=code.id))
                action, account_id = "identity.registered", account.id
            else:
                if held.is_active:
                    uow.emit(RegistrationRepeated(at=now, account_id=held.id, email=held.email, name=held.name))
                action, account_id = "identity.registration-repeated", held.id
            uow.record(AuditEntry(actor=caller.anonymous(), action=action, target="account", target_id=account_id))
            await uow.commit()
