"""An e-mail and a password become tokens."""

from dataclasses import dataclass

from merx.contexts.identity.domain.account import GivenPassword, TypedEmail, email_key
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.domain.errors import InvalidCredentials
from merx.contexts.identity.domain.session import RefreshToken, Session
from merx.contexts.identity.events import SignedIn
from merx.contexts.identity.ports.queries import Credentials, IdentityQueries
from merx.contexts.identity.ports.repositories import IdentityUowFactory
from merx.contexts.identity.ports.security import Passwords, Throttle
from merx.contexts.identity.usecases.note_refusal import RefusalNotes
from merx.contexts.identity.usecases.tokens import TokenPair, Tokens
from merx.kernel.audit import AuditEntry, facts
from merx.kernel.errors import RateLimited
from merx.kernel.model import Command
from merx.kernel.ports import Clock


class Login(Command, frozen=True):
    email: TypedEmail
    password: GivenPassword

    def __repr__(self) -> str:
        return "Login(***)"


@dataclass(frozen=True, slots=True)
class LoginHandler:
    """Raises InvalidCredentials for every reason alike, RateLimited, and Unavailable when too many hash already.

    A hash made with parameters of an earlier day is replaced while the password is at hand.
    """

    uow: IdentityUowFactory
    queries: IdentityQueries
    passwords: Passwords
    throttle: Throttle
    tokens: TokenPair
    refusals: RefusalNotes
    clock: Clock

    async def __call__(self, cmd: Login, caller: Caller) -> Tokens:
        key = email_key(cmd.email)
        try:
            await self.throttle.begin("login", key, caller.address)
        except RateLimited:
            await self.refusals.email(caller.anonymous(), "identity.sign-in-throttled", key)
            raise
        found = await self.queries.credentials(key)
        # No transaction is open while hashing, and an unknown e-mail costs the same as a known one.
        correct = await self.passwords.verify(cmd.password, found.password_hash if found else None)
        if found is None or found.password_hash is None or not correct:
            known = found.account_id if found else None
            await self.refusals.email(caller.anonymous(), "identity.sign-in-refused", key, known)
            raise InvalidCredentials
        outdated = self.passwords.outdated(found.password_hash)
        fresh_hash = await self.passwords.hash(cmd.password) if outdated else None
        refresh = await self._start_session(found, fresh_hash, caller)
        await self.throttle.succeeded("login", key, caller.address)
        return self.tokens.make(found.account_id, found.kind, refresh)

    async def _start_session(self, checked: Credentials, fresh_hash: str | None, caller: Caller) -> RefreshToken:
        now = self.clock.now()
        async with self.uow() as uow:
            account = await uow.accounts.locked(checked.account_id)
            # A password changed while we hashed must not leave a session that the change could not see.
            if not account.is_active or account.password_hash != checked.password_hash:
                raise InvalidCredentials
            if fresh_hash is not None:
                account.password_hash = fresh_hash
                await uow.accounts.save(account)
            session, refresh = Session.start(account.id, now, caller.user_agent)
            await uow.sessions.add(session)
            uow.emit(SignedIn(at=now, account_id=account.id))
            uow.record(
                AuditEntry(
                    actor=caller.speaking_for(account),
                    action="identity.signed-in",
                    target="account",
                    target_id=account.id,
                    changes=facts(session_id=session.id),
                )
            )
            await uow.commit()
        return refresh
