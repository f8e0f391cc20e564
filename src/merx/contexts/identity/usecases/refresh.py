"""A refresh token becomes fresh tokens, once."""

from dataclasses import dataclass, field
from typing import Annotated

import msgspec

from merx.contexts.identity.domain.caller import NOWHERE, Caller
from merx.contexts.identity.domain.errors import InvalidRefreshToken
from merx.contexts.identity.domain.session import RefreshToken, Rotation
from merx.contexts.identity.events import RefreshTokenReused
from merx.contexts.identity.ports.queries import IdentityQueries
from merx.contexts.identity.ports.repositories import IdentityUowFactory
from merx.contexts.identity.ports.second_factors import FactorQueries
from merx.contexts.identity.usecases.tokens import TokenHolder, TokenPair, Tokens
from merx.kernel.audit import AuditEntry, facts
from merx.kernel.model import Command
from merx.kernel.ports import Clock

GivenRefreshToken = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class Refresh(Command, frozen=True):
    refresh_token: GivenRefreshToken


@dataclass(frozen=True, slots=True)
class RefreshHandler:
    """Raises InvalidRefreshToken. A token used again after its time ends its whole session and its owner is told.

    When its owner proved herself last is what the session says: a refresh proves nothing.
    """

    uow: IdentityUowFactory
    queries: IdentityQueries
    factors: FactorQueries
    tokens: TokenPair
    key: bytes = field(repr=False)
    clock: Clock

    async def __call__(self, cmd: Refresh, caller: Caller = NOWHERE) -> Tokens:
        given = RefreshToken.parse(cmd.refresh_token)
        now = self.clock.now()
        async with self.uow() as uow:
            session = await uow.sessions.locked(given.session_id)
            if session is None:
                raise InvalidRefreshToken
            outcome, successor = session.rotate(given, self.key, now)
            if outcome is Rotation.reused:
                uow.record(
                    AuditEntry(
                        actor=caller.anonymous(),
                        action="identity.refresh-token-reused",
                        target="session",
                        target_id=session.id,
                        changes=facts(account_id=session.account_id),
                    )
                )
            profile = await self.queries.profile(session.account_id)
            held = await self.factors.held(session.account_id)
            if profile is not None and outcome is Rotation.reused:
                uow.emit(
                    RefreshTokenReused(
                        at=now,
                        account_id=profile.id,
                        session_id=session.id,
                        email=profile.email,
                        name=profile.name,
                    )
                )
            if outcome is not Rotation.repeated:
                await uow.sessions.save(session)
                await uow.commit()
        if successor is None or profile is None:
            raise InvalidRefreshToken
        return self.tokens.make(TokenHolder(profile.id, profile.kind, held), session, successor)
