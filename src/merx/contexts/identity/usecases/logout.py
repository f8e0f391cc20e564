"""A device signs out."""

from dataclasses import dataclass, field

from merx.contexts.identity.domain.caller import NOWHERE, Caller
from merx.contexts.identity.domain.errors import InvalidRefreshToken
from merx.contexts.identity.domain.session import EndReason, RefreshToken
from merx.contexts.identity.ports.repositories import IdentityUowFactory
from merx.contexts.identity.usecases.refresh import GivenRefreshToken
from merx.kernel.audit import AuditEntry
from merx.kernel.model import Command
from merx.kernel.ports import Clock


class Logout(Command, frozen=True):
    refresh_token: GivenRefreshToken


@dataclass(frozen=True, slots=True)
class LogoutHandler:
    """Ends the session of the token. The token is the proof, so this works after the access token has expired.

    A token that is not ours, or not any more, changes nothing and is no error: the caller is signed out either way.
    """

    uow: IdentityUowFactory
    key: bytes = field(repr=False)
    clock: Clock

    async def __call__(self, cmd: Logout, caller: Caller = NOWHERE) -> None:
        try:
            given = RefreshToken.parse(cmd.refresh_token)
        except InvalidRefreshToken:
            return
        now = self.clock.now()
        async with self.uow() as uow:
            session = await uow.sessions.locked(given.session_id)
            if session is None or not session.is_alive(now) or not session.owns(given, self.key):
                return
            session.end(EndReason.signed_out, now)
            await uow.sessions.save(session)
            owner = await uow.accounts.get(session.account_id)
            uow.record(
                AuditEntry(
                    actor=caller.speaking_for(owner),
                    action="identity.signed-out",
                    target="session",
                    target_id=session.id,
                )
            )
            await uow.commit()
