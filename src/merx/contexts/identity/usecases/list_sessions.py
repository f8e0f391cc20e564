"""On which devices somebody is signed in."""

from dataclasses import dataclass

import msgspec

from merx.contexts.identity.ports.queries import IdentityQueries, SessionSummary
from merx.kernel.actor import Actor
from merx.kernel.ports import Clock


@dataclass(frozen=True, slots=True)
class ListSessionsHandler:
    """The sessions of whoever asks, the last used first; the one that the access token came from is `current`."""

    queries: IdentityQueries
    clock: Clock

    async def __call__(self, actor: Actor) -> list[SessionSummary]:
        if actor.account_id is None:
            return []
        found = await self.queries.sessions(actor.account_id, self.clock.now())
        return [msgspec.structs.replace(one, current=one.id == actor.session_id) for one in found]
