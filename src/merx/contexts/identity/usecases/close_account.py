"""An account is closed for good."""

from dataclasses import dataclass
from uuid import UUID

from merx.contexts.identity.domain.errors import AccountNotFound
from merx.contexts.identity.domain.session import EndReason
from merx.contexts.identity.ports.repositories import IdentityUowFactory
from merx.kernel.actor import Actor
from merx.kernel.audit import AuditEntry, facts
from merx.kernel.ports import Clock


@dataclass(frozen=True, slots=True)
class CloseAccountHandler:
    """Every session ends with it. One that is closed already, or not there, is no error."""

    uow: IdentityUowFactory
    clock: Clock

    async def __call__(self, account_id: UUID) -> None:
        now = self.clock.now()
        async with self.uow() as uow:
            try:
                account = await uow.accounts.locked(account_id)
            except AccountNotFound:
                return
            closed = account.close(now)
            if closed is None:
                return
            await uow.accounts.save(account)
            ended = await uow.sessions.end_all(account_id, EndReason.account_closed, now)
            uow.emit(closed)
            uow.record(
                AuditEntry(
                    actor=Actor.system(),
                    action="identity.account-closed",
                    target="account",
                    target_id=account_id,
                    changes=facts(sessions_ended=ended),
                )
            )
            await uow.commit()
