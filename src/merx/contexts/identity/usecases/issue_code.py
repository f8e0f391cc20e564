"""A code is made for whoever asked by e-mail, when there is an account."""

from dataclasses import dataclass

from merx.contexts.identity.domain.one_time_code import MAX_OPEN, CodePurpose, OneTimeCode
from merx.contexts.identity.events import CodeAsked, EmailVerificationRequested, PasswordResetRequested
from merx.contexts.identity.ports.queries import IdentityQueries
from merx.contexts.identity.ports.repositories import IdentityUow
from merx.kernel.actor import Actor
from merx.kernel.address import email_key
from merx.kernel.audit import AuditEntry
from merx.kernel.ports import Clock


@dataclass(frozen=True, slots=True)
class IssueCodeHandler:
    """Nothing is sent to an unknown or closed account, to one that needs no proof any more, and while MAX_OPEN codes
    of the same purpose are good: those are in the mailbox already.
    """

    queries: IdentityQueries
    clock: Clock

    async def __call__(self, event: CodeAsked, uow: IdentityUow) -> None:
        found = await self.queries.credentials(email_key(event.email))
        if found is None:
            return
        now, purpose = self.clock.now(), CodePurpose(event.purpose)
        account = await uow.accounts.locked(found.account_id)
        proved = purpose is CodePurpose.verify_email and account.email_verified_at is not None
        if not account.is_active or proved or await uow.codes.open(account.id, purpose, now) >= MAX_OPEN:
            return
        code = OneTimeCode.issue(account, purpose, now)
        await uow.codes.add(code)
        uow.record(
            AuditEntry(
                actor=Actor.system(),
                action=f"identity.{purpose.value}-code-sent",
                target="account",
                target_id=account.id,
            )
        )
        mail = EmailVerificationRequested if purpose is CodePurpose.verify_email else PasswordResetRequested
        uow.emit(mail(at=now, account_id=account.id, code_id=code.id, email=account.email, name=account.name))
