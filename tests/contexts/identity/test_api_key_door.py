"""For whom a key speaks, from where, and until when."""

import asyncio
from datetime import timedelta

import pytest

from merx.contexts.identity.adapters.key_door import LOOKS_AT_ONCE, ApiKeyDoor
from merx.contexts.identity.adapters.postgres_api_keys import PostgresApiKeyQueries
from merx.contexts.identity.domain.api_key import new_key_text
from merx.contexts.identity.domain.errors import (
    ApiKeyOver,
    InvalidApiKey,
)
from merx.contexts.identity.usecases.api_keys import RotateApiKey
from merx.infra.postgres import Database
from merx.infra.postgres.listener import CacheListener
from merx.infra.settings import Settings
from merx.kernel.actor import ActorKind
from merx.kernel.errors import Unavailable
from tests.contexts.identity.api_keys import ANYWHERE, keeper, made


class TestDoor:
    async def test_for_whom_a_key_speaks(self, shop):
        key_id, text = await made(shop, "orders:read")
        actor = await shop.container.api_key_door().actor(text, ANYWHERE)
        assert (actor.kind, actor.account_id, actor.permissions) == (ActorKind.api_key, key_id, {"orders:read"})
        for wrong in (new_key_text(), text[:-1], text + "0", text.upper(), "mx_sk_", text[:20] + "é" + text[21:]):
            with pytest.raises(InvalidApiKey):
                await shop.container.api_key_door().actor(wrong, ANYWHERE)

    async def test_a_key_ends(self, shop):
        _, text = await made(shop, expires_in_days=1)
        door = shop.container.api_key_door()
        await door.actor(text, ANYWHERE)
        shop.clock.advance(timedelta(days=1))
        with pytest.raises(InvalidApiKey):
            await door.actor(text, ANYWHERE)

    async def test_a_key_is_good_from_its_networks_only(self, shop):
        _, text = await made(shop, networks=("198.51.100.0/24", "2001:db8::/32"))
        door = shop.container.api_key_door()
        for address in ("198.51.100.200", "2001:db8::7", "::ffff:198.51.100.1"):
            await door.actor(text, address)
        for address in (ANYWHERE, "::1", "", "unix"):
            with pytest.raises(InvalidApiKey):
                await door.actor(text, address)

    async def test_a_known_key_is_not_read_again(self, shop):
        _, text = await made(shop)
        queries = Counting(shop.container.api_key_queries())
        door = ApiKeyDoor(queries, shop.container.uow, shop.container.refusals(), shop.clock)
        for _ in range(1000):
            await door.actor(text, ANYWHERE)
        assert queries.reads == 1
        shop.clock.advance(timedelta(minutes=5))
        await door.actor(text, ANYWHERE)
        assert queries.reads == 2

    async def test_made_up_keys_are_not_looked_up(self, shop):
        queries = Counting(shop.container.api_key_queries())
        door = ApiKeyDoor(queries, shop.container.uow, shop.container.refusals(), shop.clock)
        for text in ("mx_sk_" + "A" * 48, "mx_sk_" + "A" * 40 + "0" * 8, new_key_text()[:-1] + "g"):
            with pytest.raises(InvalidApiKey):
                await door.actor(text, ANYWHERE)
        assert queries.reads == 0

    async def test_rotation_with_overlap(self, shop):
        handler, staff = shop.container.look_after_api_keys(), await keeper(shop)
        old_id, old = await made(shop, "orders:write", networks=("203.0.113.0/24",))
        door = shop.container.api_key_door()
        await door.actor(old, ANYWHERE)
        new_id_, new = await handler.rotate(staff, old_id, RotateApiKey(overlap_seconds=3600))
        door.invalidate({f"api-key:{old_id}"})
        assert (await door.actor(new, ANYWHERE)).permissions == {"orders:write"}
        shop.clock.advance(timedelta(minutes=59))
        await door.actor(old, ANYWHERE)
        shop.clock.advance(timedelta(minutes=2))
        with pytest.raises(InvalidApiKey):
            await door.actor(old, ANYWHERE)
        await door.actor(new, ANYWHERE)
        queries = shop.container.api_key_queries()
        assert (await queries.one(old_id)).replaced_by == new_id_
        fresh = await queries.one(new_id_)
        assert fresh.expires_at - fresh.created_at == timedelta(days=365)
        with pytest.raises(ApiKeyOver):
            await handler.rotate(staff, old_id, RotateApiKey())

    async def test_a_key_that_changed_while_it_was_read_is_not_remembered(self, shop):
        key_id, text = await made(shop)
        queries = Counting(shop.container.api_key_queries(), meanwhile=lambda: door.invalidate([f"api-key:{key_id}"]))
        door = ApiKeyDoor(queries, shop.container.uow, shop.container.refusals(), shop.clock)
        await door.actor(text, ANYWHERE)
        assert not door._known

    async def test_without_news_of_changes_nothing_is_remembered(self, shop):
        _, text = await made(shop)
        queries = Counting(shop.container.api_key_queries())
        door = ApiKeyDoor(queries, shop.container.uow, shop.container.refusals(), shop.clock)
        await door.actor(text, ANYWHERE)
        door.suspend()
        for _ in range(3):
            await door.actor(text, ANYWHERE)
        assert queries.reads == 4
        door.resume()
        for _ in range(3):
            await door.actor(text, ANYWHERE)
        assert queries.reads == 5

    async def test_s41_when_nobody_can_say_whether_a_key_is_good_it_is_not(self, shop):
        _, text = await made(shop)

        class Away:
            async def holder(self, _):
                raise Unavailable("the database is away")

        with pytest.raises(Unavailable):
            await ApiKeyDoor(Away(), shop.container.uow, shop.container.refusals(), shop.clock).actor(text, ANYWHERE)

    async def test_a_flood_leaves_connections_for_others(self, shop):
        queries = Counting(shop.container.api_key_queries(), delay=0.01)
        door = ApiKeyDoor(queries, shop.container.uow, shop.container.refusals(), shop.clock)
        await asyncio.gather(*(door.actor(new_key_text(), ANYWHERE) for _ in range(12)), return_exceptions=True)
        assert queries.most == LOOKS_AT_ONCE

    async def test_memory_is_bounded(self, shop):
        door = ApiKeyDoor(
            shop.container.api_key_queries(), shop.container.uow, shop.container.refusals(), shop.clock, remember=3
        )
        for _ in range(5):
            await door.actor((await made(shop))[1], ANYWHERE)
        assert len(door._known) == 3

    async def test_the_last_use_is_written_once_a_minute_behind_the_requests(self, shop):
        key_id, text = await made(shop)
        door, queries = shop.container.api_key_door(), shop.container.api_key_queries()
        began = shop.clock.now()

        async def used_after(seconds):
            shop.clock.advance(began + timedelta(seconds=seconds) - shop.clock.now())
            await door.actor(text, ANYWHERE)
            await door.flush()
            return (await queries.one(key_id)).last_used_at - began

        await door.actor(text, ANYWHERE)
        assert (await queries.one(key_id)).last_used_at is None
        assert await used_after(1) == timedelta(seconds=1)
        assert await used_after(40) == timedelta(seconds=1)
        assert await used_after(61) == timedelta(seconds=61)

    async def test_a_use_does_not_collide_with_a_change_of_the_key(self, shop):
        key_id, text = await made(shop)
        door = shop.container.api_key_door()
        await door.actor(text, ANYWHERE)
        async with shop.container.uow() as uow:
            key = await uow.api_keys.get(key_id)
        await door.flush()
        async with shop.container.uow() as uow:
            key.name = "other"
            await uow.api_keys.save(key)
            await uow.commit()
        found = await shop.container.api_key_queries().one(key_id)
        assert (found.name, found.last_used_at is not None) == ("other", True)


class Counting:
    def __init__(self, queries, delay=0.0, meanwhile=lambda: None):
        self._queries, self._delay, self._meanwhile = queries, delay, meanwhile
        self.reads = self.now = self.most = 0

    async def holder(self, digest):
        self.reads += 1
        self.now += 1
        self.most = max(self.most, self.now)
        if self._delay:
            await asyncio.sleep(self._delay)
        found = await self._queries.holder(digest)
        self._meanwhile()
        self.now -= 1
        return found


@pytest.mark.services
async def test_a_revoked_key_stops_in_every_process_within_a_second(postgres_shop, database_url):
    """Two processes, each with its own connection pool, listener and memory."""
    shop = postgres_shop
    key_id, text = await made(shop)
    databases = [Database(Settings(database_url=database_url)) for _ in range(2)]
    doors = [
        ApiKeyDoor(PostgresApiKeyQueries(db.reader), shop.container.uow, shop.container.refusals(), shop.clock)
        for db in databases
    ]
    listeners = [CacheListener(db, door) for db, door in zip(databases, doors, strict=True)]
    try:
        for listener in listeners:
            listener.start()
        async with asyncio.timeout(5):
            while not all(door._known.listening for door in doors):
                await asyncio.sleep(0.01)
        for door in doors:
            await door.actor(text, ANYWHERE)
            assert door._known
        await shop.container.look_after_api_keys().revoke(await keeper(shop), key_id)
        async with asyncio.timeout(1):
            while any(door._known for door in doors):
                await asyncio.sleep(0.005)
        for door in doors:
            with pytest.raises(InvalidApiKey):
                await door.actor(text, ANYWHERE)
    finally:
        for listener in listeners:
            await listener.stop()
        for database in databases:
            await database.close()
