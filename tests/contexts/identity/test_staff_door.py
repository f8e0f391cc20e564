"""What the door for staff remembers, and what is felt at once."""

from datetime import timedelta

import pytest

from merx.contexts.identity.adapters.staff_door import StaffDoor
from merx.contexts.identity.domain.errors import (
    AccessEnded,
)
from merx.contexts.identity.usecases.granting import ALL_STAFF, staff_tag
from merx.contexts.identity.usecases.roles import ChangeRole
from merx.contexts.identity.usecases.staff import ChangeStaff
from merx.infra.http.callers import Authenticator
from merx.infra.tokens import InvalidToken
from merx.kernel.actor import IMPERSONATE, Actor, ActorKind
from merx.kernel.errors import Unavailable
from merx.kernel.ids import new_id
from merx.kernel.rights import AS_HELD, Effect, Grant
from tests.contexts.identity.journeys import login
from tests.contexts.identity.staffing import (
    a_role,
    owner_of,
    roles,
    staff,
)


class TestDoor:
    async def test_changes_are_felt_at_the_next_request(self, memory_shop):
        shop = memory_shop
        owner, account_id = await owner_of(shop), await shop.staff(permissions=())
        role_id = await a_role(shop, owner)
        door = shop.container.staff_door()
        shop.infra.store().on_invalidate = door.invalidate
        token = (await login(shop, "staff@example.com")).access_token
        assert not (await shop.speaker(token)).holds("orders:read")
        await staff(shop).change(owner, account_id, ChangeStaff(roles=(role_id,)))
        assert (await shop.speaker(token)).may("orders:read")
        await roles(shop).change(owner, role_id, ChangeRole(grants=(Grant(permission="orders:write"),)))
        speaker = await shop.speaker(token)
        assert (speaker.may("orders:read"), speaker.may("orders:write")) == (False, True)

    async def test_it_looks_once_a_minute_and_always_while_nobody_tells(self, memory_shop):
        shop, looks = memory_shop, []
        account_id = await shop.staff()
        queries = shop.container.queries()

        class Counting:
            async def profile(self, id):
                looks.append(id)
                return await queries.profile(id)

        door = StaffDoor(Counting(), shop.clock)
        actor = Actor(kind=ActorKind.staff, account_id=account_id, permissions=frozenset({AS_HELD}))
        for _ in range(3):
            await door.actor(actor)
        assert len(looks) == 1
        shop.clock.advance(timedelta(minutes=1))
        await door.actor(actor)
        assert len(looks) == 2
        for tags, count in ((["product:1"], 2), ([staff_tag(new_id())], 2), ([staff_tag(account_id)], 3)):
            door.invalidate(tags)
            await door.actor(actor)
            assert len(looks) == count, tags
        for tags in ([ALL_STAFF], ["*"]):
            looks.clear()
            door.invalidate(tags)
            await door.actor(actor)
            assert len(looks) == 1, tags
        door.suspend()
        looks.clear()
        for _ in range(3):
            await door.actor(actor)
        assert len(looks) == 3
        door.resume()
        for _ in range(3):
            await door.actor(actor)
        assert len(looks) == 4

    async def test_what_changes_while_it_reads_is_not_remembered(self, memory_shop):
        account_id = await memory_shop.staff()
        queries = memory_shop.container.queries()

        class Overtaken:
            async def profile(self, id):
                found = await queries.profile(id)
                door.invalidate([staff_tag(id)])
                return found

        door = StaffDoor(Overtaken(), memory_shop.clock)
        await door.actor(Actor(kind=ActorKind.staff, account_id=account_id, permissions=frozenset({AS_HELD})))
        assert not door._known

    async def test_s41_a_look_that_fails_lets_nobody_in(self, memory_shop):
        class Broken:
            async def profile(self, id):
                raise ZeroDivisionError

        door = StaffDoor(Broken(), memory_shop.clock)
        with pytest.raises(Unavailable):
            await door.actor(Actor(kind=ActorKind.staff, account_id=new_id(), permissions=frozenset({AS_HELD})))

    async def test_who_acts_in_place_of_a_customer_is_out_too(self, shop):
        owner, helper = await owner_of(shop), await shop.staff(permissions=(IMPERSONATE,))
        callers = Authenticator(shop.access_tokens, staff_rights=shop.container.staff_door())
        customer = Actor(kind=ActorKind.customer, account_id=await shop.customer(), impersonator=helper)
        assert await callers.with_rights(customer) == customer
        await staff(shop).disable(owner, helper)
        shop.container.staff_door().invalidate([staff_tag(helper)])
        with pytest.raises(AccessEnded):
            await callers.with_rights(customer)

    async def test_who_may_act_in_place_of_a_customer_no_more_is_out_too(self, shop):
        """The right goes with a role that is edited, or is denied to one person."""
        shop.permissions.learn({IMPERSONATE})
        owner, door = await owner_of(shop), shop.container.staff_door()
        help_out = Grant(permission=IMPERSONATE)
        role_id = await a_role(shop, owner, "Helper", help_out)
        helper = await shop.staff(permissions=())
        callers = Authenticator(shop.access_tokens, staff_rights=door)
        customer = Actor(kind=ActorKind.customer, account_id=await shop.customer(), impersonator=helper)

        async def goes_on():
            door.invalidate([ALL_STAFF])
            try:
                return await callers.with_rights(customer) == customer
            except InvalidToken:
                return False

        assert not await goes_on()
        await staff(shop).change(owner, helper, ChangeStaff(roles=(role_id,)))
        assert await goes_on()
        await roles(shop).change(owner, role_id, ChangeRole(grants=()))
        assert not await goes_on()
        await roles(shop).change(owner, role_id, ChangeRole(grants=(help_out,)))
        assert await goes_on()
        denied = Grant(permission="users:*", effect=Effect.deny)
        await staff(shop).change(owner, helper, ChangeStaff(grants=(denied,)))
        assert not await goes_on()

    async def test_who_is_no_staff_has_no_rights_to_look_up(self, shop):
        for account_id in (await shop.customer(), new_id(), None):
            with pytest.raises(AccessEnded):
                await shop.container.staff_door().actor(
                    Actor(kind=ActorKind.staff, account_id=account_id, permissions=frozenset({AS_HELD}))
                )

    async def test_a_token_may_name_less(self, shop):
        account_id = await shop.staff(permissions=("orders:*", "payments:write<=INR:5", "!orders:write"))
        named = frozenset({AS_HELD, "orders:read", "orders:write", "payments:write", "catalog:read"})
        actor = Actor(kind=ActorKind.staff, account_id=account_id, permissions=named)
        found = await shop.container.staff_door().actor(actor)
        assert found.permissions == {"orders:read", "orders:write", "!orders:write", "payments:write<=INR:5"}
        assert (found.may("orders:read"), found.may("orders:write"), found.may("catalog:read")) == (True, False, False)
