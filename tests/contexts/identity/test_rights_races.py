"""Keys and rights that several people change at once."""

import asyncio
from uuid import UUID

import asyncpg
import pytest

from merx.contexts.identity.adapters.postgres_api_keys import PostgresApiKeys
from merx.contexts.identity.adapters.postgres_roles import PostgresRoles
from merx.contexts.identity.domain.api_key import ApiKey
from merx.contexts.identity.domain.errors import RoleInUse, UnknownRole
from merx.contexts.identity.usecases.api_keys import MakeApiKey, RotateApiKey
from merx.contexts.identity.usecases.invitations import InviteStaff
from merx.contexts.identity.usecases.roles import CreateRole
from merx.contexts.identity.usecases.staff import ChangeStaff
from merx.infra.postgres import compiled
from merx.kernel.actor import Actor
from merx.kernel.errors import MerxError
from merx.kernel.rights import Grant
from tests.contexts.identity.conftest import Shop
from tests.contexts.identity.racing import (
    EMAIL,
    THINKING,
    SlowInvitations,
    careless,
    count,
    good,
)
from tests.contexts.identity.test_staff import owner_of
from tests.support.at_once import at_once

pytestmark = pytest.mark.services


@pytest.fixture
def shop(postgres_shop: Shop) -> Shop:
    return postgres_shop


class TestApiKeys:
    async def rotated(self, shop: Shop) -> int:
        """How many successors a key gets that is replaced four times at once."""
        boss = await owner_of(shop)
        keys = shop.container.look_after_api_keys()
        key_id, _ = await keys.make(boss, MakeApiKey(name="till", scopes=("orders:read",)))
        await at_once(*(keys.rotate(boss, key_id, RotateApiKey()) for _ in range(4)))
        return await count(shop, "api_key") - 1

    async def test_a_key_has_one_successor(self, shop):
        assert await self.rotated(shop) == 1

    class Naive(PostgresApiKeys):
        """Saves without a look at the version."""

        async def get(self, id: UUID) -> ApiKey:
            found = await super().get(id)
            await asyncio.sleep(THINKING)
            return found

        async def save(self, entity: ApiKey) -> None:
            await self._tx.execute(
                compiled("update identity.api_key set replaced_by = :next, revoked_at = :gone where id = :key_id"),
                next=entity.replaced_by,
                gone=entity.revoked_at,
                key_id=entity.id,
            )

    async def test_negative_control_without_versions_it_has_several(self, shop):
        careless(shop, api_keys=self.Naive)
        assert await self.rotated(shop) > 1

    async def revoked_and_rotated(self, shop: Shop) -> set[tuple[bool, bool, bool]]:
        """Some times: whether revoking went well, whether rotating did, and whether the old key is revoked."""
        boss, keys, found = await owner_of(shop), shop.container.look_after_api_keys(), set()
        for _ in range(6):
            key_id, _ = await keys.make(boss, MakeApiKey(name="till", scopes=("orders:read",)))
            outcomes = await at_once(keys.revoke(boss, key_id), keys.rotate(boss, key_id, RotateApiKey()))
            revoked = (await shop.container.api_key_queries().one(key_id)).revoked_at is not None
            found.add((*(not isinstance(each, MerxError) for each in outcomes), revoked))
        return found

    async def test_a_key_that_was_revoked_is_not_good_again(self, shop):
        # One of the two may be told to look again; what is answered well holds.
        assert all(went == revoked for went, _, revoked in await self.revoked_and_rotated(shop))

    async def test_negative_control_without_versions_a_revoked_key_comes_back(self, shop):
        careless(shop, api_keys=self.Naive)
        assert any(went and not revoked for went, _, revoked in await self.revoked_and_rotated(shop))


class Turnless(PostgresRoles):
    """Nobody waits for a turn."""

    async def take_turn(self) -> None:
        await asyncio.sleep(THINKING)


class TestRights:
    async def granted_and_removed(self, shop: Shop) -> bool:
        """Whether somebody holds a role that is gone, after giving and removing it in one moment, some times."""
        boss, clerk = await owner_of(shop), await shop.staff(EMAIL)
        roles, staff = shop.container.look_after_roles(), shop.container.look_after_staff()
        for number in range(6):
            create = CreateRole(name=f"Clerk {number}", grants=(Grant(permission="orders:read"),))
            role_id = await roles.create(boss, create)
            given, gone = await at_once(
                staff.change(boss, clerk, ChangeStaff(roles=(role_id,))), roles.remove(boss, role_id)
            )
            if not isinstance(given, UnknownRole) and not isinstance(gone, RoleInUse):
                return True
        return False

    async def test_nobody_holds_a_role_that_is_gone(self, shop):
        assert not await self.granted_and_removed(shop)

    async def test_negative_control_without_the_turn_somebody_does(self, shop):
        careless(shop, roles=Turnless)
        assert await self.granted_and_removed(shop)

    async def invited(self, shop: Shop, boss: Actor) -> int:
        command = InviteStaff(email="nina@example.com", roles=((await self.role(shop, boss)),))
        return good(await at_once(*(shop.container.look_after_invitations().invite(boss, command) for _ in range(4))))

    @staticmethod
    async def role(shop: Shop, boss: Actor) -> UUID:
        create = CreateRole(name="Clerk", grants=(Grant(permission="orders:read"),))
        found: UUID = await shop.container.look_after_roles().create(boss, create)
        return found

    async def test_one_address_has_one_open_invitation(self, shop):
        assert await self.invited(shop, await owner_of(shop)) == 1

    async def test_negative_control_without_turn_and_index_it_has_several(self, shop, owner_url):
        owner = await asyncpg.connect(owner_url)
        await owner.execute("drop index identity.uq_invitation_pending")
        await owner.close()
        boss = await owner_of(shop)
        careless(shop, roles=Turnless, invitations=SlowInvitations)
        assert await self.invited(shop, boss) > 1
