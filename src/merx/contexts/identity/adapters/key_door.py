"""Requests with an API key: checked against memory, and against the database when the key is new to this process.

A writer that changes a key names it in its own transaction; every process hears that at the commit and forgets the key.
While nobody tells us of changes, each request looks into the database.
"""

import asyncio
import ipaddress
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from loguru import logger

from merx.contexts.identity.adapters.remembered import Remembered
from merx.contexts.identity.domain.api_key import is_key_text, key_digest
from merx.contexts.identity.domain.errors import InvalidApiKey
from merx.contexts.identity.ports.api_keys import ApiKeyQueries
from merx.contexts.identity.ports.repositories import IdentityUowFactory
from merx.contexts.identity.usecases.api_keys import api_key_tag
from merx.contexts.identity.usecases.note_refusal import RefusalNotes
from merx.infra.background import Background
from merx.infra.cache import EVERYTHING
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.ports import Clock

MAX_REMEMBERED = 1024
# A lost message must not keep a key alive for ever.
REMEMBERED_FOR = timedelta(minutes=5)
# A flood of made-up keys must leave connections for others.
LOOKS_AT_ONCE = 2
FLUSH_SECONDS = 15.0


class _Known(msgspec.Struct, frozen=True):
    actor: Actor
    tag: str
    expires_at: datetime
    look_again: datetime
    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
    revoked: bool


class ApiKeyDoor(Background):
    """Says for whom a key speaks, and writes down behind the requests when it was used."""

    def __init__(
        self,
        queries: ApiKeyQueries,
        uow: IdentityUowFactory,
        refusals: RefusalNotes,
        clock: Clock,
        remember: int = MAX_REMEMBERED,
    ) -> None:
        self._queries = queries
        self._uow = uow
        self._refusals = refusals
        self._clock = clock
        self._known: Remembered[str, _Known] = Remembered(remember)
        self._uses: dict[UUID, datetime] = {}
        self._looks = asyncio.Semaphore(LOOKS_AT_ONCE)

    async def actor(self, text: str, address: str) -> Actor:
        """Raises InvalidApiKey, and Unavailable when it cannot be found out."""
        now = self._clock.now()
        known = self._known.get(text)
        if known is None or now >= known.look_again:
            known = await self._look(text, now)
        if known.revoked or now >= known.expires_at:
            await self._note(known.actor, address, "identity.api-key-used-after-its-end")
            raise InvalidApiKey
        if known.networks and not _inside(address, known.networks):
            await self._note(known.actor, address, "identity.api-key-used-elsewhere")
            raise InvalidApiKey
        if known.actor.account_id is not None:
            self._uses[known.actor.account_id] = now
        return known.actor

    async def _note(self, actor: Actor, address: str, action: str) -> None:
        key_id = actor.account_id
        if key_id is not None:
            await self._refusals.api_key(msgspec.structs.replace(actor, client=address), action, key_id)

    async def _look(self, text: str, now: datetime) -> _Known:
        begun = self._known.begin(text)
        if not is_key_text(text):
            raise InvalidApiKey
        async with self._looks:
            held = await self._queries.holder(key_digest(text))
        if held is None:
            raise InvalidApiKey
        known = _Known(
            actor=Actor(
                kind=ActorKind.api_key,
                account_id=held.id,
                permissions=frozenset(held.scopes),
                lineage=held.lineage,
            ),
            tag=api_key_tag(held.id),
            expires_at=held.expires_at,
            look_again=now + REMEMBERED_FOR,
            networks=tuple(ipaddress.ip_network(network) for network in held.networks),
            revoked=held.revoked,
        )
        self._known.keep(text, known, begun)
        return known

    def invalidate(self, tags: Iterable[str]) -> None:
        ours = {tag for tag in tags if tag == EVERYTHING or tag.startswith("api-key:")}
        if ours:
            self._known.forget(lambda _, known: known.tag in ours or EVERYTHING in ours)

    def suspend(self) -> None:
        self._known.suspend()

    def resume(self) -> None:
        self._known.resume()

    async def stop(self) -> None:
        running = self._task is not None
        await super().stop()
        if running:
            await self._flush_quietly()

    async def flush(self) -> None:
        """Write when keys were used since the last time."""
        uses, self._uses = self._uses, {}
        if uses:
            async with self._uow() as uow:
                await uow.api_keys.note_uses(uses)
                await uow.commit()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self._flush_quietly()

    async def _flush_quietly(self) -> None:
        try:
            await self.flush()
        except Exception as error:
            # The next use writes it again.
            logger.warning("the last uses of API keys were not written", kind=type(error).__name__)


def _inside(address: str, networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return any((mapped or found) in network for network in networks)
