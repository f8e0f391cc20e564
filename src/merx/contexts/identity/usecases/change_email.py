"""Whoever is signed in wants another e-mail, and proves to read it."""

from dataclasses import dataclass
from uuid import UUID

from merx.contexts.identity.domain.account import GivenPassword, TypedEmail, trimmed
from merx.contexts.identity.domain.caller import NOWHERE, Caller
from merx.contexts.identity.domain.errors import EmailTaken, InvalidCode
from merx.contexts.identity.domain.one_time_code import MAX_OPEN, CodePurpose, GivenCode, OneTimeCode
from merx.contexts.identity.events import EmailChangeAnnounced, EmailChangeAsked, EmailChangeRequested
from merx.contexts.identity.ports.queries import IdentityQueries
from merx.contexts.identity.ports.repositories import IdentityUow, IdentityUowFactory
from merx.contexts.identity.ports.security import Throttle
from merx.contexts.identity.usecases.present_password import PresentPassword
from merx.contexts.identity.usecases.redeem import Redeemer
from merx.contexts.identity.usecases.trail import by_owner
from merx.kernel.address import email_key
from merx.kernel.model import Command
from merx.kernel.ports import Clock


class ChangeEmail(Command, frozen=True):
    email: TypedEmail
    password: GivenPassword


class ConfirmEmail(Command, frozen=True):
    code: GivenCode


@dataclass(frozen=True, slots=True)
class ChangeEmailHandler:
    """Only writes down the wish, so that nobody learns whose address it is. Raises what PresentPassword raises."""

    uow: IdentityUowFactory
    present_password: PresentPassword
    clock: Clock

    async def __call__(self, account_id: UUID, cmd: ChangeEmail, caller: Caller) -> None:
        await self.present_password(account_id, cmd.password, caller)
        async with self.uow() as uow:
            account = await uow.accounts.get(account_id)
            uow.record(by_owner(caller, account, "email-change-asked"))
            uow.emit(
                EmailChangeAsked(
                    at=self.clock.now(),
                    account_id=account_id,
                    credentials_version=account.credentials_version,
                    new_email=trimmed(cmd.email),
                )
            )
            await uow.commit()


@dataclass(frozen=True, slots=True)
class OfferEmailHandler:
    """Sends a code to the new address, unless another account has it, and a notice to the present one in any case."""

    queries: IdentityQueries
    clock: Clock

    async def __call__(self, event: EmailChangeAsked, uow: IdentityUow) -> None:
        now, purpose = self.clock.now(), CodePurpose.change_email
        holder = await self.queries.credentials(email_key(event.new_email))
        if await self.queries.profile(event.account_id) is None:
            return
        account = await uow.accounts.locked(event.account_id)
        if account.credentials_version != event.credentials_version:
            return
        if await uow.codes.open(account.id, purpose, now) >= MAX_OPEN:
            return
        uow.emit(EmailChangeAnnounced(at=now, account_id=account.id, email=account.email, name=account.name))
        if holder is not None and holder.account_id != account.id:
            return
        code = OneTimeCode.issue(account, purpose, now, event.new_email)
        await uow.codes.add(code)
        uow.emit(
            EmailChangeRequested(
                at=now, account_id=account.id, code_id=code.id, email=event.new_email, name=account.name
            )
        )


@dataclass(frozen=True, slots=True)
class ConfirmEmailHandler:
    """Only for the account that asked. Raises InvalidCode, also when somebody else took the address meanwhile."""

    uow: IdentityUowFactory
    redeemer: Redeemer
    throttle: Throttle
    clock: Clock

    async def __call__(self, account_id: UUID, cmd: ConfirmEmail, caller: Caller = NOWHERE) -> None:
        purpose, now = CodePurpose.change_email, self.clock.now()
        code_id = self.redeemer.read(purpose, cmd.code)
        try:
            async with self.uow() as uow:
                account, code = await self.redeemer.redeem(uow, code_id, purpose, now, owner=account_id)
                if code.new_email is None:
                    raise InvalidCode
                uow.emit(account.change_email(code.new_email, now))
                await uow.accounts.save(account)
                uow.record(by_owner(caller, account, "email-changed"))
                await uow.commit()
        except EmailTaken:
            raise InvalidCode from None
        await self.throttle.read_mailbox(account.email_key, caller.address)
