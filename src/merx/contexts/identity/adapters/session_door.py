"""Whether the session behind a token goes on, asked where a token must not outlive it by a minute."""

from merx.contexts.identity.domain.errors import SignedOut
from merx.contexts.identity.ports.queries import IdentityQueries
from merx.kernel.actor import Actor
from merx.kernel.ports import Clock


class SessionDoor:
    """Implements LiveSessions."""

    def __init__(self, queries: IdentityQueries, clock: Clock) -> None:
        self._queries = queries
        self._clock = clock

    async def demand(self, actor: Actor) -> None:
        """Raises SignedOut. A token that no sign-in made, and an API key, have no session."""
        if actor.session_id is None or actor.account_id is None:
            return
        if not await self._queries.goes_on(actor.session_id, actor.account_id, self._clock.now()):
            raise SignedOut
