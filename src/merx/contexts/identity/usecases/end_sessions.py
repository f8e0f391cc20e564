"""A person signs out a device that is not at hand, or all of them."""

from dataclasses import dataclass
from uuid import UUID

from merx.contexts.identity.domain.caller import NOWHERE, Caller
from merx.contexts.identity.domain.errors import SessionNotFound
from merx.contexts.identity.domain.session import EndReason
from merx.contexts.identity.ports.repositories import IdentityUowFactory
from merx.contexts.identity.usecases.trail import by_owner
from merx.kernel.audit import AuditEntry
from merx.kernel.ports import Clock


@dataclass(frozen=True, slots=True)
class EndSessionHandler:
    """Raises SessionNotFound for a session that is not the account's, or not going on any more."""

    uow: IdentityUowFactory
    clock: Clock

    async def __call__(self, account_id: UUID, session_id: UUID, caller: Caller = NOWHERE) -> None:
        now = self.clock.now()
        async with self.uow() as uow:
            session = await uow.sessions.locked(session_id)
            if session is None or session.account_id != account_id or not session.is_alive(now):
                raise SessionNotFound
            session.end(EndReason.revoked, now)
            await uow.sessions.save(session)
            owner = await uow.accounts.get(account_id)
            uow.record(
                AuditEntry(
                    actor=caller.speaking_for(owner),
                    action="identity.session-ended",
                    target="session",
                    target_id=session_id,
                )
            )
            await uow.commit()


@dataclass(frozen=True, slots=True)
class EndAllSessionsHandler:
    """Every device has to sign in again, the one that asks too. Access tokens live on to the end of their minutes."""

    uow: IdentityUowFactory
    clock: Clock

    async def __call__(self, account_id: UUID, caller: Caller = NOWHERE) -> None:
        async with self.uow() as uow:
            # A sign-in that runs meanwhile takes the same lock: it is before this, and ends, or after it.
            owner = await uow.accounts.locked(account_id)
            ended = await uow.sessions.end_all(account_id, EndReason.everywhere, self.clock.now())
            uow.record(by_owner(caller, owner, "sessions-ended", sessions_ended=ended))
            await uow.commit()
