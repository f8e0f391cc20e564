"""Keys for programs: what both storages promise, what the door remembers, and the routes."""

import asyncio
from datetime import timedelta

import pytest

from merx.contexts.identity.adapters.key_door import LOOKS_AT_ONCE, ApiKeyDoor
from merx.contexts.identity.adapters.memory_api_keys import MemoryApiKeyQueries
from merx.contexts.identity.adapters.postgres_api_keys import PostgresApiKeyQueries
from merx.contexts.identity.domain.api_key import is_key_text, new_key_text
from merx.contexts.identity.domain.errors import (
    ApiKeyNotFound,
    ApiKeyOver,
    InvalidApiKey,
    MoreThanOwn,
    UnknownPermission,
    WrongNetwork,
)
from merx.contexts.identity.ports.api_keys import ApiKeyQueries
from merx.contexts.identity.usecases.api_keys import MakeApiKey, RotateApiKey
from merx.infra.http.auth import limits_of
from merx.infra.postgres import Database
from merx.infra.postgres.listener import CacheListener
from merx.infra.settings import Settings
from merx.kernel.actor import WAIVES_STEP_UP, Actor, ActorKind
from merx.kernel.errors import Forbidden, Unavailable
from merx.kernel.ids import new_id
from merx.kernel.money import Money
from merx.kernel.rights import InvalidGrant
from tests.contexts.identity.conftest import PASSWORD, bearer
from tests.support.apps import new_app

QUERIES: list[type[ApiKeyQueries]] = [MemoryApiKeyQueries, PostgresApiKeyQueries]
STAFF = Actor(
    kind=ActorKind.staff, account_id=new_id(), permissions=frozenset({"orders:read", "orders:write", "api-keys:write"})
)
ANYWHERE = "203.0.113.9"


async def made(shop, *scopes, **more):
    cmd = MakeApiKey(name="till", scopes=scopes or ("orders:read",), **more)
    return await shop.container.look_after_api_keys().make(STAFF, cmd)


class TestUseCases:
    async def test_a_key_is_shown_once_and_kept_as_a_digest(self, shop):
        key_id, text = await made(shop, "orders:write", "orders:read", "orders:read")
        found = await shop.container.api_key_queries().one(key_id)
        assert is_key_text(text)
        assert text.startswith(found.prefix)
        assert len(found.prefix) == 14
        assert found.scopes == ("orders:read", "orders:write")
        assert found.created_by == STAFF.account_id
        assert (found.expires_at - found.created_at, found.last_used_at, found.revoked_at) == (
            timedelta(days=365),
            None,
            None,
        )
        async with shop.container.uow() as uow:
            key = await uow.api_keys.get(key_id)
        assert text[14:] not in repr(key) + str(found)
        assert text.encode() != key.digest

    async def test_nobody_can_give_a_key_more_than_they_have(self, shop):
        for scopes in (("api-keys:read",), ("orders:read", "api-keys:read"), ("*",)):
            with pytest.raises(MoreThanOwn):
                await made(shop, *scopes)
        owner = Actor(kind=ActorKind.staff, account_id=new_id(), permissions=frozenset({"*"}))
        await shop.container.look_after_api_keys().make(owner, MakeApiKey(name="all", scopes=("*",)))

    async def test_a_permission_that_no_route_knows_is_refused(self, shop):
        with pytest.raises(UnknownPermission, match="orders:dance"):
            await made(shop, "orders:dance")

    async def test_keys_cannot_make_keys(self, shop):
        program = Actor(kind=ActorKind.api_key, account_id=new_id(), permissions=frozenset({"*"}))
        handler = shop.container.look_after_api_keys()
        with pytest.raises(Forbidden):
            await handler.make(program, MakeApiKey(name="x", scopes=("orders:read",)))
        key_id, _ = await made(shop)
        with pytest.raises(Forbidden):
            await handler.rotate(program, key_id, RotateApiKey())
        with pytest.raises(Forbidden):
            await handler.revoke(program, key_id)

    async def test_who_does_not_hold_the_scopes_cannot_get_a_copy_of_the_key(self, shop):
        key_id, _ = await made(shop, "orders:write")
        other = Actor(kind=ActorKind.staff, account_id=new_id(), permissions=frozenset({"api-keys:write"}))
        with pytest.raises(MoreThanOwn):
            await shop.container.look_after_api_keys().rotate(other, key_id, RotateApiKey())

    async def test_the_pages_of_a_list(self, shop):
        ids = [(await made(shop))[0] for _ in range(5)]
        queries = shop.container.api_key_queries()
        first = await queries.page(3, None)
        second = await queries.page(3, first.next)
        assert [key.id for key in (*first.items, *second.items)] == ids[::-1]
        assert second.next is None
        with pytest.raises(ApiKeyNotFound):
            await queries.one(new_id())

    async def test_networks_are_checked(self, shop):
        key_id, _ = await made(shop, networks=("198.51.100.7", "2001:db8::/32", "198.51.100.7/32"))
        found = await shop.container.api_key_queries().one(key_id)
        assert found.networks == ("198.51.100.7/32", "2001:db8::/32")
        for wrong in ("198.51.100.7/24", "nowhere", "1.2.3"):
            with pytest.raises(WrongNetwork):
                await made(shop, networks=(wrong,))


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
        handler = shop.container.look_after_api_keys()
        old_id, old = await made(shop, "orders:write", networks=("203.0.113.0/24",))
        door = shop.container.api_key_door()
        await door.actor(old, ANYWHERE)
        new_id_, new = await handler.rotate(STAFF, old_id, RotateApiKey(overlap_seconds=3600))
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
            await handler.rotate(STAFF, old_id, RotateApiKey())

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
            while not all(door._listening for door in doors):
                await asyncio.sleep(0.01)
        for door in doors:
            await door.actor(text, ANYWHERE)
            assert door._known
        await shop.container.look_after_api_keys().revoke(STAFF, key_id)
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


class TestHttp:
    @pytest.fixture
    def door(self, memory_shop):
        door = memory_shop.container.api_key_door()
        memory_shop.infra.store().on_invalidate = door.invalidate
        return door

    async def staff(self, client, shop, *permissions):
        token = shop.access_tokens.issue(new_id(), ActorKind.staff, permissions)
        return {"Authorization": f"Bearer {token}"}

    async def test_from_making_to_revoking(self, client, memory_shop, door):
        staff = await self.staff(client, memory_shop, "api-keys:read", "api-keys:write", "orders:read")
        body = {"name": "till", "scopes": ["orders:read", "api-keys:read"]}
        answer = await client.post("/auth/api-keys", json=body, headers=staff)
        assert answer.status_code == 201
        assert answer.headers["cache-control"] == "no-store"
        key, view = answer.json()["key"], answer.json()["api_key"]
        program = {"Authorization": f"Bearer {key}"}

        listed = await client.get("/auth/api-keys", headers=program)
        assert listed.status_code == 200
        assert listed.json()["items"] == [view]
        assert key not in listed.text
        nobody = await client.get("/users/me", headers=program)
        assert (nobody.status_code, nobody.json()["detail"]) == (404, "an API key has no account: sign in with one")
        one = await client.get(f"/auth/api-keys/{view['id']}", headers=staff)
        assert one.json() == view

        for method, path in (("POST", ""), ("DELETE", f"/{view['id']}"), ("POST", f"/{view['id']}/rotate")):
            refused = await client.request(method, f"/auth/api-keys{path}", json=body, headers=program)
            assert refused.status_code == 403

        rotated = await client.post(f"/auth/api-keys/{view['id']}/rotate", json={}, headers=staff)
        assert rotated.status_code == 201
        again = await client.post(f"/auth/api-keys/{view['id']}/rotate", json={}, headers=staff)
        assert (again.status_code, again.json()["slug"]) == (409, "identity.api-key-over")
        assert (await client.get("/auth/api-keys", headers=program)).status_code == 200

        gone = await client.delete(f"/auth/api-keys/{view['id']}", headers=staff)
        assert (gone.status_code, gone.content) == (204, b"")
        refused = await client.get("/auth/api-keys", headers=program)
        assert (refused.status_code, refused.json()["slug"]) == (401, "identity.invalid-api-key")
        fresh = {"Authorization": f"Bearer {rotated.json()['key']}"}
        assert (await client.get("/auth/api-keys", headers=fresh)).status_code == 200

    async def test_who_may(self, client, memory_shop, door):
        assert (await client.get("/auth/api-keys")).status_code == 401
        reader = await self.staff(client, memory_shop, "api-keys:read")
        body = {"name": "till", "scopes": ["api-keys:read"]}
        assert (await client.post("/auth/api-keys", json=body, headers=reader)).status_code == 403
        await memory_shop.customer("new@example.com")
        tokens = (await client.post("/auth/login", json={"email": "new@example.com", "password": PASSWORD})).json()
        assert (await client.get("/auth/api-keys", headers=bearer(tokens))).status_code == 403

    @pytest.mark.parametrize(
        "change",
        [
            {"scopes": []},
            {"scopes": ["orders"]},
            {"scopes": ["*:*"]},
            {"scopes": ["a:b"] * 51},
            {"name": ""},
            {"expires_in_days": 0},
            {"expires_in_days": 731},
            {"networks": ["x" * 50]},
            {"created_by": str(new_id())},
        ],
    )
    async def test_what_is_refused(self, client, memory_shop, change):
        staff = await self.staff(client, memory_shop, "*")
        body = {"name": "till", "scopes": ["orders:read"]} | change
        answer = await client.post("/auth/api-keys", json=body, headers=staff)
        assert answer.status_code == 400, answer.text

    async def test_what_makes_no_sense_is_refused(self, client, memory_shop):
        staff = await self.staff(client, memory_shop, "*")
        for change, slug in (
            ({"scopes": ["orders:dance"]}, "identity.unknown-permission"),
            ({"networks": ["no network"]}, "identity.wrong-network"),
        ):
            body = {"name": "till", "scopes": ["orders:read"]} | change
            answer = await client.post("/auth/api-keys", json=body, headers=staff)
            assert (answer.status_code, answer.json()["slug"]) == (422, slug)

    async def test_s01_a_made_up_key_is_401_in_every_form(self, client, memory_shop, door):
        for text in (new_key_text(), "mx_sk_", "mx_sk_x", "mx_sk_" + "x" * 3000, "mx_sk_é"):
            answer = await client.get("/auth/api-keys", headers={"Authorization": f"Bearer {text}".encode("latin-1")})
            assert answer.status_code == 401, text
        answer = await client.get("/auth/api-keys", headers={"Authorization": f"Tokens {new_key_text()}"})
        assert answer.status_code == 401


def test_the_catalogue_knows_what_the_routes_ask_for():
    app = new_app()
    found = set(limits_of(app.controllers))
    assert {"orders:read", "orders:write", "catalog:write", "api-keys:write"} <= found
    app.http_parts()
    assert app.infra.permissions().known() == found | {"metrics:read", WAIVES_STEP_UP}


class TestLimits:
    async def test_s07_a_key_inherits_the_limits_of_its_scopes(self, shop):
        clerk = Actor(kind=ActorKind.staff, account_id=new_id(), permissions=frozenset({"payments:write<=INR:500"}))
        handler = shop.container.look_after_api_keys()
        for scope in ("payments:write", "payments:write<=INR:501", "payments:write<=USD:1", "payments:*", "*"):
            with pytest.raises(MoreThanOwn):
                await handler.make(clerk, MakeApiKey(name="till", scopes=(scope,)))
        key_id, text = await handler.make(clerk, MakeApiKey(name="till", scopes=("payments:write<=INR:400",)))
        actor = await shop.container.api_key_door().actor(text, ANYWHERE)
        assert actor.may("payments:write", amount=Money(400, "INR"))
        assert not actor.may("payments:write", amount=Money(401, "INR"))
        poorer = Actor(kind=ActorKind.staff, account_id=new_id(), permissions=frozenset({"payments:write<=INR:399"}))
        with pytest.raises(MoreThanOwn):
            await handler.rotate(poorer, key_id, RotateApiKey())

    async def test_limits_that_nobody_asks_for_are_refused(self, shop):
        owner = Actor(kind=ActorKind.staff, account_id=new_id(), permissions=frozenset({"*"}))
        for scope in ("orders:write<=INR:1", f"payments:write@{new_id()}"):
            with pytest.raises(InvalidGrant):
                await shop.container.look_after_api_keys().make(owner, MakeApiKey(name="x", scopes=(scope,)))
