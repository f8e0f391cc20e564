"""Keys and rights that several people change at once."""

import asyncio
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from merx.contexts.identity.adapters.postgres import PostgresAccounts
from merx.contexts.identity.adapters.postgres_api_keys import PostgresApiKeys
from merx.contexts.identity.domain.account import Account
from merx.contexts.identity.domain.api_key import ApiKey
from merx.contexts.identity.domain.errors import RoleInUse, UnknownRole
from merx.contexts.identity.domain.role import Role
from merx.contexts.identity.usecases.api_keys import MakeApiKey, RotateApiKey
from merx.contexts.identity.usecases.invitations import InviteStaff
from merx.contexts.identity.usecases.roles import CreateRole
from merx.contexts.identity.usecases.staff import ChangeStaff
from merx.infra.postgres import PostgresTx, compiled
from merx.kernel.actor import Actor
from merx.kernel.errors import Forbidden, MerxError
from merx.kernel.rights import Grant
from tests.contexts.identity.api_keys import holder
from tests.contexts.identity.conftest import Shop
from tests.contexts.identity.racing import (
    EMAIL,
    SlowInvitations,
    Turnless,
    careless,
    count,
    good,
)
from tests.contexts.identity.test_staff import owner_of
from tests.support.at_once import Meeting, at_once, connected

pytestmark = pytest.mark.services

SCOPES = ("orders:read",)


@pytest.fixture
def shop(postgres_shop: Shop) -> Shop:
    return postgres_shop


class Met(PostgresApiKeys):
    """All have read the key before the first one writes it, and who revokes it is done before it is replaced."""

    def __init__(self, meeting: Meeting, revoked: asyncio.Event, tx: PostgresTx) -> None:
        super().__init__(tx)
        self.meeting, self.revoked = meeting, revoked

    async def save(self, entity: ApiKey) -> None:
        await self.meeting.wait()
        if entity.replaced_by is not None:
            await self.revoked.wait()
        await self.write(entity)

    async def write(self, entity: ApiKey) -> None:
        await super().save(entity)


class TestApiKeys:
    @pytest.fixture(autouse=True)
    def moments(self) -> None:
        self.meeting, self.revoked = Meeting(), asyncio.Event()

    def meet(self, shop: Shop, kind: type["Met"]) -> None:
        # Those who replace a key come one after the other: without the turn it is the version alone that decides.
        careless(shop, api_keys=partial(kind, self.meeting, self.revoked), roles=Turnless)

    async def rotated(self, shop: Shop) -> int:
        """How many successors a key gets that is replaced four times at once."""
        boss = await owner_of(shop)
        keys = shop.container.look_after_api_keys()
        key_id, _ = await keys.make(boss, MakeApiKey(name="till", scopes=("orders:read",)))
        self.revoked.set()
        self.meeting.of(4)
        await at_once(*(keys.rotate(boss, key_id, RotateApiKey()) for _ in range(4)))
        return await count(shop, "api_key") - 1

    async def test_a_key_has_one_successor(self, shop):
        assert await self.rotated(shop) == 1

    async def test_a_key_has_one_successor_by_its_version_alone(self, shop):
        self.meet(shop, Met)
        assert await self.rotated(shop) == 1

    class Naive(Met):
        """Saves without a look at the version."""

        async def write(self, entity: ApiKey) -> None:
            await self._tx.execute(
                compiled("update identity.api_key set replaced_by = :next, revoked_at = :gone where id = :key_id"),
                next=entity.replaced_by,
                gone=entity.revoked_at,
                key_id=entity.id,
            )

    async def test_negative_control_without_versions_it_has_several(self, shop):
        self.meet(shop, self.Naive)
        assert await self.rotated(shop) == 4

    async def revoked_and_rotated(self, shop: Shop) -> tuple[bool, bool, bool]:
        """Both have read the key, then it is revoked, then replaced: whether each went well, and whether it is over."""
        boss, keys = await owner_of(shop), shop.container.look_after_api_keys()
        key_id, _ = await keys.make(boss, MakeApiKey(name="till", scopes=("orders:read",)))

        async def revoke() -> None:
            try:
                await keys.revoke(boss, key_id)
            finally:
                self.revoked.set()

        self.meeting.of(2)
        revoked, rotated = await at_once(revoke(), keys.rotate(boss, key_id, RotateApiKey(overlap_seconds=600)))
        gone = (await shop.container.api_key_queries().one(key_id)).revoked_at
        return revoked is None, not isinstance(rotated, MerxError), gone is not None and gone <= shop.clock.now()

    async def test_a_key_that_was_revoked_is_not_good_again(self, shop):
        self.meet(shop, Met)
        assert await self.revoked_and_rotated(shop) == (True, False, True)

    async def test_negative_control_without_versions_a_revoked_key_comes_back(self, shop):
        self.meet(shop, self.Naive)
        assert await self.revoked_and_rotated(shop) == (True, True, False)


class TestWhoIsOut:
    """Somebody gets a key in the moment in which she is disabled: she was judged before, the key comes after."""

    async def key_of_one_who_is_out(self, shop: Shop, step: str, **more: type) -> tuple[Any, int]:
        """What she hears, and how many keys came of it."""
        boss, sam = await owner_of(shop), await holder(shop, "orders:read")
        key_id, _ = await shop.container.look_after_api_keys().make(boss, MakeApiKey(name="till", scopes=SCOPES))
        leaving, judged, out = asyncio.Event(), asyncio.Event(), asyncio.Event()

        class Accounts(PostgresAccounts):
            async def save(self, entity: Account) -> None:
                leaving.set()
                # Whoever waits for her turn is not judged yet.
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.5):
                        await judged.wait()
                await super().save(entity)

        class Keys(PostgresApiKeys):
            async def add(self, entity: ApiKey) -> None:
                judged.set()
                async with asyncio.timeout(20):
                    await out.wait()
                await super().add(entity)

        careless(shop, accounts=Accounts, api_keys=Keys, **more)
        keys = shop.container.look_after_api_keys()

        async def shut_out() -> None:
            await shop.container.look_after_staff().disable(boss, sam.account_id)
            out.set()

        async def key() -> None:
            await leaving.wait()
            if step == "make":
                await keys.make(sam, MakeApiKey(name="hers", scopes=SCOPES))
            else:
                await keys.rotate(sam, key_id, RotateApiKey())

        _, heard = await at_once(shut_out(), key())
        return heard, await count(shop, "api_key") - 1

    @pytest.mark.parametrize("step", ["make", "rotate"])
    async def test_s07_whoever_is_out_gets_no_key(self, shop, step):
        heard, keys = await self.key_of_one_who_is_out(shop, step)
        assert (type(heard), keys) == (Forbidden, 0)

    @pytest.mark.parametrize("step", ["make", "rotate"])
    async def test_negative_control_without_the_turn_she_gets_it(self, shop, step):
        assert await self.key_of_one_who_is_out(shop, step, roles=Turnless) == (None, 1)


class TestRights:
    async def granted_and_removed(self, shop: Shop, rounds: int = 6, meeting: Meeting | None = None) -> bool:
        """Whether somebody holds a role that is gone, after giving and removing it in one moment, some times."""
        boss, clerk = await owner_of(shop), await shop.staff(EMAIL)
        roles, staff = shop.container.look_after_roles(), shop.container.look_after_staff()
        await connected(shop.container.uow, 2)
        for number in range(rounds):
            create = CreateRole(name=f"Clerk {number}", grants=(Grant(permission="orders:read"),))
            role_id = await roles.create(boss, create)
            if meeting:
                meeting.of(2)
            given, gone = await at_once(
                staff.change(boss, clerk, ChangeStaff(roles=(role_id,))), roles.remove(boss, role_id)
            )
            if not isinstance(given, UnknownRole) and not isinstance(gone, RoleInUse):
                return True
        return False

    async def test_nobody_holds_a_role_that_is_gone(self, shop):
        assert not await self.granted_and_removed(shop)

    async def test_negative_control_without_the_turn_somebody_does(self, shop):
        meeting = Meeting()

        class Accounts(PostgresAccounts):
            async def save(self, entity: Account) -> None:
                await meeting.wait()
                await super().save(entity)

        class Roles(Turnless):
            async def remove(self, entity: Role) -> None:
                await meeting.wait()
                await super().remove(entity)

        careless(shop, accounts=Accounts, roles=Roles)
        assert await self.granted_and_removed(shop, 1, meeting)

    async def invited(self, shop: Shop, boss: Actor) -> int:
        command = InviteStaff(email="nina@example.com", roles=((await self.role(shop, boss)),))
        await connected(shop.container.uow, 4)
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
