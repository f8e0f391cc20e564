"""Keys for programs: what both storages promise, what the door remembers, and the routes."""

from datetime import timedelta

import msgspec
import pytest

from merx.contexts.identity.adapters.memory_api_keys import MemoryApiKeyQueries
from merx.contexts.identity.adapters.postgres_api_keys import PostgresApiKeyQueries
from merx.contexts.identity.domain.api_key import is_key_text
from merx.contexts.identity.domain.errors import (
    ApiKeyNotFound,
    MoreThanOwn,
    UnknownPermission,
    WrongNetwork,
)
from merx.contexts.identity.ports.api_keys import ApiKeyQueries
from merx.contexts.identity.usecases.api_keys import MakeApiKey, RotateApiKey
from merx.contexts.identity.usecases.staff import ChangeStaff
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.errors import Forbidden
from merx.kernel.ids import new_id
from tests.contexts.identity.api_keys import holder, keeper, made
from tests.contexts.identity.staffing import READ_ORDERS, owner_of, staff

QUERIES: list[type[ApiKeyQueries]] = [MemoryApiKeyQueries, PostgresApiKeyQueries]


class TestUseCases:
    async def test_a_key_is_shown_once_and_kept_as_a_digest(self, shop):
        key_id, text = await made(shop, "orders:write", "orders:read", "orders:read")
        found = await shop.container.api_key_queries().one(key_id)
        assert is_key_text(text)
        assert text.startswith(found.prefix)
        assert len(found.prefix) == 14
        assert found.scopes == ("orders:read", "orders:write")
        assert found.created_by == (await keeper(shop)).account_id
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
        owner = await holder(shop, "*")
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
        other = await holder(shop, "api-keys:write")
        with pytest.raises(MoreThanOwn):
            await shop.container.look_after_api_keys().rotate(other, key_id, RotateApiKey())

    async def test_s07_who_gets_a_key_is_judged_by_what_is_stored_and_not_by_what_was_let_in(self, shop):
        """Between the door and the use case a right may go, or the account."""
        boss, maker = await owner_of(shop), await holder(shop, "orders:*")
        handler = shop.container.look_after_api_keys()
        make, rotate = MakeApiKey(name="till", scopes=("orders:write",)), RotateApiKey()
        key_id, _ = await handler.make(maker, make)
        await staff(shop).change(boss, maker.account_id, ChangeStaff(grants=(READ_ORDERS,)))
        with pytest.raises(MoreThanOwn):
            await handler.make(maker, make)
        with pytest.raises(MoreThanOwn):
            await handler.rotate(maker, key_id, rotate)
        await handler.make(maker, MakeApiKey(name="till", scopes=("orders:read",)))
        # And a token may show less than its account holds.
        with pytest.raises(MoreThanOwn):
            await handler.make(msgspec.structs.replace(boss, permissions=frozenset({"orders:read"})), make)
        await staff(shop).disable(boss, maker.account_id)
        with pytest.raises(Forbidden):
            await handler.make(maker, MakeApiKey(name="till", scopes=("orders:read",)))
        with pytest.raises(Forbidden):
            await handler.rotate(maker, key_id, rotate)
        assert len((await shop.container.api_key_queries().page(9, None)).items) == 2

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
