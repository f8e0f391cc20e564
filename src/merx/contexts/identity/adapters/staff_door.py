"""What a member of staff may do at this moment: from memory, or from the database when this process does not know.

A writer that changes it names the account in its own transaction; every process hears that at the commit and looks
again. While nobody tells us of changes, each request looks. So a role that was taken away and an account that was
disabled are felt at once, though the token is good for minutes.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

import msgspec
from loguru import logger

from merx.contexts.identity.domain.account import AccountKind
from merx.contexts.identity.domain.errors import AccessEnded
from merx.contexts.identity.ports.queries import IdentityQueries
from merx.contexts.identity.usecases.granting import ALL_STAFF, staff_tag
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
        self._known: OrderedDict[UUID, _Known] = OrderedDict()
        self._looks = asyncio.Semaphore(LOOKS_AT_ONCE)
        self._sequence = 0
        self._listening = True

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
        self._known.pop(account_id, None)
        began = self._sequence
        async with self._looks:
            profile = await self._queries.profile(account_id)
        if profile is None or profile.kind is not AccountKind.staff:
            raise AccessEnded
        known = _Known(frozenset(profile.permissions), now + REMEMBERED_FOR)
        # What changed while we read must not be remembered as it was.
        if self._listening and began == self._sequence:
            self._known[account_id] = known
            if len(self._known) > MAX_REMEMBERED:
                self._known.popitem(last=False)
        return known

    def invalidate(self, tags: Iterable[str]) -> None:
        ours = {tag for tag in tags if tag == "*" or tag.startswith(ALL_STAFF)}
        if not ours:
            return
        self._sequence += 1
        if "*" in ours or ALL_STAFF in ours:
            self._known.clear()
        for account_id in [account_id for account_id in self._known if staff_tag(account_id) in ours]:
            del self._known[account_id]

    def suspend(self) -> None:
        self._listening = False
        self._sequence += 1
        self._known.clear()

    def resume(self) -> None:
        self._sequence += 1
        self._known.clear()
        self._listening = True


@lru_cache(maxsize=1024)
def _narrowed(held: frozenset[str], named: frozenset[str]) -> frozenset[str]:
    wanted = [grant.permission for grant in rights_of(named).grants if grant.text() == grant.permission]
    return frozenset(grant.text() for grant in rights_of(held).narrowed(wanted))
