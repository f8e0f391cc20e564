"""Somebody is in: a session on her device, and the tokens of it."""

import asyncio
from dataclasses import dataclass

from merx.contexts.identity.domain.account import Account
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.domain.second_factors import HeldFactors, Method
from merx.contexts.identity.domain.session import Session
from merx.contexts.identity.events import SignedIn
from merx.contexts.identity.ports.repositories import IdentityUow
from merx.contexts.identity.usecases.tokens import TokenHolder, TokenPair, Tokens
from merx.contexts.identity.usecases.trail import by_owner
from merx.kernel.ports import Clock


@dataclass(frozen=True, slots=True)
class SessionStarter:
    """Every way to sign in ends here. The account is locked by `uow`, which the caller commits before it answers."""

    tokens: TokenPair
    clock: Clock

    async def __call__(
        self, uow: IdentityUow, account: Account, held: HeldFactors, methods: tuple[Method, ...], caller: Caller
    ) -> Tokens:
        now, names = self.clock.now(), tuple(method.value for method in methods)
        session, refresh = Session.start(account.id, now, caller.user_agent, names)
        await uow.sessions.add(session)
        uow.emit(SignedIn(at=now, account_id=account.id, methods=names))
        uow.record(by_owner(caller, account, "signed-in", session_id=session.id, methods=names))
        # Signing takes as long as a page, and so does what comes before and after: pages are served in between.
        await asyncio.sleep(0)
        tokens = self.tokens.make(TokenHolder(account.id, account.kind, held), session, refresh)
        await asyncio.sleep(0)
        return tokens
