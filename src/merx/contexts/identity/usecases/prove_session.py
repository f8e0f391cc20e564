"""A device shows to which session it belongs, and uses nothing up."""

from dataclasses import dataclass, field
from uuid import UUID

from merx.contexts.identity.domain.errors import InvalidRefreshToken
from merx.contexts.identity.domain.session import RefreshToken
from merx.contexts.identity.ports.repositories import IdentityUowFactory
from merx.kernel.ports import Clock


@dataclass(frozen=True, slots=True)
class ProveSessionHandler:
    """The id of the session that issued the refresh token. Raises InvalidRefreshToken.

    Never believed without proof: what is made from the id would be handed to whoever can guess it.
    """

    uow: IdentityUowFactory
    key: bytes = field(repr=False)
    clock: Clock

    async def __call__(self, text: str) -> UUID:
        given = RefreshToken.parse(text)
        async with self.uow() as uow:
            session = await uow.sessions.locked(given.session_id)
        if session is None or not session.is_alive(self.clock.now()) or not session.owns(given, self.key):
            raise InvalidRefreshToken
        return session.id
