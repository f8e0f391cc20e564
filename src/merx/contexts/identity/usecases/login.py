"""An e-mail and a password become tokens, or the question for a second factor."""

import asyncio
from dataclasses import dataclass

from merx.contexts.identity.domain.account import GivenPassword, TypedEmail
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.domain.errors import InvalidCredentials
from merx.contexts.identity.domain.second_factors import Method
from merx.contexts.identity.ports.queries import Credentials, IdentityQueries
from merx.contexts.identity.ports.repositories import IdentityUowFactory
from merx.contexts.identity.ports.security import Passwords, Throttle
from merx.contexts.identity.usecases.ask_for_factor import FactorAsker, MfaChallenge
from merx.contexts.identity.usecases.note_refusal import RefusalNotes
from merx.contexts.identity.usecases.start_session import SessionStarter
from merx.contexts.identity.usecases.tokens import Tokens
from merx.kernel.address import email_key
from merx.kernel.errors import RateLimited
from merx.kernel.model import Command


class Login(Command, frozen=True):
    email: TypedEmail
    password: GivenPassword


@dataclass(frozen=True, slots=True)
class LoginHandler:
    """Raises InvalidCredentials for every reason alike, RateLimited, and Unavailable when too many hash already.

    A hash made with parameters of an earlier day is replaced while the password is at hand. Whether the account has a
    second factor is looked up, and told, after the password was right.
    """

    uow: IdentityUowFactory
    queries: IdentityQueries
    passwords: Passwords
    throttle: Throttle
    start_session: SessionStarter
    ask_for_factor: FactorAsker
    refusals: RefusalNotes

    async def __call__(self, cmd: Login, caller: Caller) -> Tokens | MfaChallenge:
        key = email_key(cmd.email)
        try:
            await self.throttle.begin("login", key, caller.address)
        except RateLimited:
            await self.refusals.email(caller.anonymous(), "identity.sign-in-throttled", key)
            raise
        # As in SessionStarter: the throttle may have waited for nobody.
        await asyncio.sleep(0)
        found = await self.queries.credentials(key)
        # No transaction is open while hashing, and an unknown e-mail costs the same as a known one.
        correct = await self.passwords.verify(cmd.password, found.password_hash if found else None)
        if found is None or found.password_hash is None or not correct:
            known = found.account_id if found else None
            await self.refusals.email(caller.anonymous(), "identity.sign-in-refused", key, known)
            raise InvalidCredentials
        outdated = self.passwords.outdated(found.password_hash)
        fresh_hash = await self.passwords.hash(cmd.password) if outdated else None
        try:
            answer = await self._let_in(found, fresh_hash, caller)
        except InvalidCredentials:
            # The right password of an account that is shut.
            await self.refusals.email(caller.anonymous(), "identity.sign-in-refused", key, found.account_id)
            raise
        # A password without its second factor is half a sign-in: it counts as failed until the other half has come, and
        # the address is not one from which the owner signed in.
        if isinstance(answer, Tokens):
            await self.throttle.succeeded("login", key, caller.address)
        await asyncio.sleep(0)
        return answer

    async def _let_in(self, checked: Credentials, fresh_hash: str | None, caller: Caller) -> Tokens | MfaChallenge:
        async with self.uow() as uow:
            account = await uow.accounts.locked(checked.account_id)
            # A password changed while we hashed must not leave a session that the change could not see.
            if not account.is_active or account.password_hash != checked.password_hash:
                raise InvalidCredentials
            if fresh_hash is not None:
                account.password_hash = fresh_hash
                await uow.accounts.save(account)
            held = await uow.factors.held(account.id)
            answer: Tokens | MfaChallenge
            if held.any:
                answer = await self.ask_for_factor(uow, account, held, (Method.password,), caller)
            else:
                answer = await self.start_session(uow, account, held, (Method.password,), caller)
            await uow.commit()
            # As in SessionStarter.
            await asyncio.sleep(0)
        return answer
