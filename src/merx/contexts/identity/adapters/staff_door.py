"""What a member of staff may do at this moment: from memory, or from the database when this process does not know.

A writer that changes it names the account in its own transaction; every process hears that at the commit and looks
again. While nobody tells us of changes, each request looks. So a role that was taken away and an account that was
disabled are felt at once, though the token is good for minutes.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

import msgspec
from loguru import logger

from merx.contexts.identity.adapters.remembered import Remembered
from merx.contexts.identity.domain.account import AccountKind
from merx.contexts.identity.domain.errors import AccessEnded
from merx.contexts.identity.ports.queries import IdentityQueries
from merx.contexts.identity.usecases.granting import ALL_STAFF, staff_tag
from merx.infra.cache import EVERYTHING
from merx.kernel.actor import Actor
from merx.kernel.errors import MerxError, Unavailable
from merx.kernel.ports import Clock
from merx.kernel.rights import AS_HELD, rights_of

MAX_REMEMBERED = 4096
# A lost message must not keep a right alive for long.
REMEMBERED_FOR = timedelta(minutes=1)
LOOKS_AT_ONCE = 4


class _Known(msgspec.Struct, frozen=True):
    permissions: frozenset[str]
    look_again: datetime


class StaffDoor:
    """Gives an actor whose token says `AS_HELD` the grants of its account, and of those only what the token names."""

    def __init__(self, queries: IdentityQueries, clock: Clock) -> None:
        self._queries = queries
        self._clock = clock
        self._known: Remembered[UUID, _Known] = Remembered(MAX_REMEMBERED)
        self._looks = asyncio.Semaphore(LOOKS_AT_ONCE)

    async def actor(self, actor: Actor) -> Actor:
        """Raises AccessEnded for an account that is not open, and Unavailable when it cannot be found out."""
        if actor.account_id is None:
            raise AccessEnded
        now = self._clock.now()
        known = self._known.get(actor.account_id)
        if known is None or now >= known.look_again:
            try:
                known = await self._look(actor.account_id, now)
            except MerxError:
                raise
            except Exception as error:
                logger.opt(exception=error).error("rights could not be read: {}", type(error).__name__)
                raise Unavailable("what you may do could not be found out") from error
        named = actor.permissions - {AS_HELD}
        held = _narrowed(known.permissions, named) if named else known.permissions
        return msgspec.structs.replace(actor, permissions=held)

    async def _look(self, account_id: UUID, now: datetime) -> _Known:
        begun = self._known.begin(account_id)
        async with self._looks:
            profile = await self._queries.profile(account_id)
        if profile is None or profile.kind is not AccountKind.staff:
            raise AccessEnded
        known = _Known(frozenset(profile.permissions), now + REMEMBERED_FOR)
        self._known.keep(account_id, known, begun)
        return known

    def invalidate(self, tags: Iterable[str]) -> None:
        ours = {tag for tag in tags if tag == EVERYTHING or tag.startswith(ALL_STAFF)}
        everybody = EVERYTHING in ours or ALL_STAFF in ours
        if ours:
            self._known.forget(lambda account_id, _: everybody or staff_tag(account_id) in ours)

    def suspend(self) -> None:
        self._known.suspend()

    def resume(self) -> None:
        self._known.resume()


@lru_cache(maxsize=1024)
def _narrowed(held: frozenset[str], named: frozenset[str]) -> frozenset[str]:
    wanted = [grant.permission for grant in rights_of(named).grants if grant.text() == grant.permission]
    return frozenset(grant.text() for grant in rights_of(held).narrowed(wanted))
