"""No sequence of changes that is let through gives anybody more than whoever made it had, or takes from those above."""

import asyncio

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.contexts.identity.adapters.memory import MemoryIdentityUow
from merx.contexts.identity.domain.account import Account, AccountKind
from merx.contexts.identity.domain.errors import (
    LastOwner,
    MoreThanOwn,
    OwnerHoldsNoOther,
    OwnerIsFixed,
    UnknownPermission,
    UnknownRole,
)
from merx.contexts.identity.domain.guarded_rights import GuardedRights
from merx.contexts.identity.domain.role import OWNER
from merx.contexts.identity.usecases.granting import held_by
from merx.contexts.identity.usecases.roles import ChangeRole, CreateRole, RolesHandler
from merx.contexts.identity.usecases.staff import ChangeStaff, StaffHandler
from merx.infra.approvals.memory import MemoryApprovals
from merx.infra.memory import MemoryStore
from merx.infra.permissions import PermissionCatalogue
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.approvals import SecondPerson
from merx.kernel.errors import Forbidden, MerxError
from merx.kernel.ids import new_id
from merx.kernel.money import Money
from merx.kernel.rights import Effect, Grant, InvalidGrant, Limit, Rights, rights_of
from tests.contexts.identity.conftest import RecordedOutbox
from tests.support.clock import FixedClock
from tests.support.grants import NAMES, grants

PEOPLE, ROLES = 4, 3
some_grants = st.lists(grants, max_size=3).map(tuple)
start = st.tuples(
    st.lists(some_grants, min_size=ROLES, max_size=ROLES),
    st.lists(st.tuples(some_grants, st.sets(st.integers(0, ROLES - 1))), min_size=PEOPLE, max_size=PEOPLE),
)
steps = st.lists(
    st.tuples(
        st.sampled_from(["role", "new role", "roles", "grants", "disable"]),
        st.integers(0, PEOPLE - 1),
        st.integers(0, PEOPLE - 1),
        some_grants,
        st.sets(st.integers(0, ROLES), max_size=2),
    ),
    min_size=1,
    max_size=8,
)


class World:
    """Four people and three roles, made without asking; what follows is asked for."""

    def __init__(self) -> None:
        store, self.clock = MemoryStore(), FixedClock()
        permissions = PermissionCatalogue()
        permissions.learn(NAMES, dict.fromkeys(NAMES, frozenset(Limit)))
        self.uow = lambda: MemoryIdentityUow(store, RecordedOutbox())
        guarded, second = GuardedRights(()), SecondPerson(MemoryApprovals(), self.clock, days=7)
        self.roles = RolesHandler(self.uow, permissions, self.clock, guarded)
        self.staff = StaffHandler(self.uow, permissions, self.clock, guarded, second)
        self.role_ids, self.people = [], []

    async def open(self, roles, people):
        owner = await self.person((), (OWNER,))
        self.owner = Actor(kind=ActorKind.staff, account_id=owner, permissions=frozenset({"*"}))
        for n, given_grants in enumerate(roles):
            self.role_ids.append(await self.roles.create(self.owner, CreateRole(name=f"r{n}", grants=given_grants)))
        for given_grants, held in people:
            role_ids = tuple(self.role_ids[number] for number in held)
            self.people.append(await self.person(tuple(grant.text() for grant in given_grants), role_ids))
        # The last number is the owner's role: somebody will try.
        self.role_ids.append(OWNER)

    async def person(self, permissions, role_ids):
        async with self.uow() as uow:
            account, _ = Account.open(
                email=f"{new_id()}@example.com",
                name="P",
                kind=AccountKind.staff,
                password_hash=None,
                now=self.clock.now(),
                permissions=permissions,
                role_ids=role_ids,
            )
            await uow.accounts.add(account)
            await uow.commit()
        return account.id

    async def rights(self) -> list[Rights]:
        async with self.uow() as uow:
            return [rights_of(frozenset(await held_by(uow, await uow.accounts.get(id)))) for id in (*self.people,)]

    async def step(self, what, by, at, wanted, roles):
        held = (await self.rights())[by]
        texts = frozenset(grant.text() for grant in held.grants)
        actor = Actor(kind=ActorKind.staff, account_id=self.people[by], permissions=texts)
        match what:
            case "new role":
                await self.roles.create(actor, CreateRole(name=str(new_id()), grants=wanted))
            case "role":
                await self.roles.change(actor, self.role_ids[at], ChangeRole(grants=wanted))
            case "roles":
                held = tuple(self.role_ids[number] for number in roles)
                await self.staff.change(actor, self.people[at], ChangeStaff(roles=held))
            case "grants":
                await self.staff.change(actor, self.people[at], ChangeStaff(grants=wanted))
            case "disable":
                await self.staff.disable(actor, self.people[at])


def wrong(before, after, grantor) -> list[str]:
    """What the rule forbids, seen from outside: more than the grantor had, or less for somebody above."""
    pairs = list(zip(before, after, strict=True))
    gained = [f"gained {new.beyond(grantor)}" for old, new in pairs if new.beyond(old) and new.beyond(grantor)]
    return gained + [f"lost {old.beyond(grantor)}" for old, new in pairs if old.beyond(new) and old.beyond(grantor)]


@given(start, steps)
def test_s07_nobody_grants_more_than_they_have(made, wanted):
    async def play():
        world = World()
        await world.open(*made)
        for step in wanted:
            before = await world.rights()
            try:
                await world.step(*step)
            except MerxError:
                assert [r.grants for r in await world.rights()] == [r.grants for r in before], "refused, and yet"
                continue
            assert wrong(before, await world.rights(), before[step[1]]) == []

    asyncio.run(play())


async def test_negative_control_a_change_that_nobody_checks_is_seen():
    world = World()
    await world.open([(), (), ()], [((), set())] * PEOPLE)
    before = await world.rights()
    everything = ChangeStaff(grants=(Grant(permission="orders:write"),))
    await world.staff.change(world.owner, world.people[1], everything)
    after = await world.rights()
    assert wrong(before, after, before[0]) == ["gained ['orders:write']"]
    assert wrong(after, before, before[0]) == ["lost ['orders:write']"]
    assert wrong(before, after, after[1]) == []


def grant(permission, effect=Effect.allow, **limits) -> Grant:
    return Grant(permission=permission, effect=effect, **limits)


class TestByHand:
    """The tricks that people think of."""

    @pytest.fixture
    async def world(self):
        world = World()
        await world.open([(), (), ()], [((), set())] * PEOPLE)
        return world

    async def give(self, world, number, *wanted, roles=()):
        await world.staff.change(world.owner, world.people[number], ChangeStaff(grants=wanted, roles=roles))
        return await self.actor(world, number)

    async def actor(self, world, number):
        texts = frozenset(each.text() for each in (await world.rights())[number].grants)
        return Actor(kind=ActorKind.staff, account_id=world.people[number], permissions=texts)

    async def test_a_denial_cannot_be_lifted_from_oneself(self, world):
        role = world.role_ids[0]
        await world.roles.change(world.owner, role, ChangeRole(grants=(grant("orders:write", Effect.deny),)))
        clerk = await self.give(world, 0, grant("orders:*"), roles=(role,))
        for lifting in (
            world.roles.change(clerk, role, ChangeRole(grants=())),
            world.staff.change(clerk, world.people[0], ChangeStaff(roles=())),
            world.staff.change(clerk, world.people[0], ChangeStaff(roles=(), grants=(grant("orders:write"),))),
        ):
            with pytest.raises(MoreThanOwn):
                await lifting
        # What one has one may give up.
        await world.staff.change(clerk, world.people[0], ChangeStaff(roles=(), grants=()))

    async def test_a_limit_cannot_be_passed_on_wider(self, world):
        limited = grant("payments:write", max_amount=(Money(2, "INR"),))
        clerk = await self.give(world, 0, limited)
        for wider in (
            grant("payments:write"),
            grant("payments:write", max_amount=(Money(3, "INR"),)),
            grant("payments:write", max_amount=(Money(1, "INR"), Money(1, "USD"))),
            grant("payments:*"),
        ):
            with pytest.raises(MoreThanOwn):
                await world.staff.change(clerk, world.people[1], ChangeStaff(grants=(wider,)))
            with pytest.raises(MoreThanOwn):
                await world.roles.create(clerk, CreateRole(name="wider", grants=(wider,)))
        await world.staff.change(clerk, world.people[1], ChangeStaff(grants=(limited,)))

    async def test_a_role_that_somebody_above_holds_is_left_alone(self, world):
        role = world.role_ids[0]
        await world.roles.change(world.owner, role, ChangeRole(grants=(grant("orders:read"),)))
        await self.give(world, 1, grant("payments:write"), roles=(role,))
        clerk = await self.give(world, 0, grant("orders:*"))
        denials = (grant("orders:read", Effect.deny),), (grant("payments:write", Effect.deny),)
        for grants_ in ((), (grant("orders:write"),), *denials):
            with pytest.raises(MoreThanOwn):
                await world.roles.change(clerk, role, ChangeRole(grants=grants_))

    async def test_nobody_touches_those_above(self, world):
        clerk = await self.give(world, 0, grant("orders:*"))
        await self.give(world, 1, grant("*"), grant("orders:read", Effect.deny))
        for touching in (
            world.staff.change(clerk, world.people[1], ChangeStaff(grants=())),
            world.staff.disable(clerk, world.people[1]),
            world.staff.enable(clerk, world.people[1]),
            world.staff.disable(clerk, world.owner.account_id),
        ):
            with pytest.raises(MoreThanOwn):
                await touching

    async def test_a_narrow_token_gives_no_more_than_it_shows(self, world):
        shown = msgspec.structs.replace(world.owner, permissions=frozenset({"staff:write"}))
        with pytest.raises(MoreThanOwn):
            await world.staff.change(shown, world.people[0], ChangeStaff(grants=(grant("orders:read"),)))

    async def test_an_old_token_gives_no_more_than_its_account_holds_now(self, world):
        clerk = await self.give(world, 0, grant("orders:*"))
        await self.give(world, 0)
        with pytest.raises(MoreThanOwn):
            await world.staff.change(clerk, world.people[1], ChangeStaff(grants=(grant("orders:read"),)))
        await world.staff.disable(world.owner, world.people[0])
        with pytest.raises(Forbidden):
            await world.staff.change(clerk, world.people[1], ChangeStaff(grants=()))

    async def test_only_people_grant(self, world):
        for kind in (ActorKind.api_key, ActorKind.system, ActorKind.customer, ActorKind.anonymous):
            actor = Actor(kind=kind, account_id=world.owner.account_id, permissions=frozenset({"*"}))
            with pytest.raises(Forbidden):
                await world.staff.change(actor, world.people[0], ChangeStaff(grants=()))
            with pytest.raises(Forbidden):
                await world.roles.create(actor, CreateRole(name="x", grants=()))

    async def test_the_owner_s_role_stays_and_stays_whole(self, world):
        with pytest.raises(OwnerIsFixed):
            await world.roles.change(world.owner, OWNER, ChangeRole(name="Nobody"))
        with pytest.raises(OwnerIsFixed):
            await world.roles.remove(world.owner, OWNER)
        for change in (
            ChangeStaff(roles=(OWNER, world.role_ids[0])),
            ChangeStaff(roles=(OWNER,), grants=(grant("orders:read", Effect.deny),)),
        ):
            with pytest.raises(OwnerHoldsNoOther):
                await world.staff.change(world.owner, world.people[0], change)

    async def test_the_last_owner_stays(self, world):
        me = world.owner.account_id
        for leaving in (
            world.staff.change(world.owner, me, ChangeStaff(roles=())),
            world.staff.disable(world.owner, me),
        ):
            with pytest.raises(LastOwner):
                await leaving
        await world.staff.change(world.owner, world.people[0], ChangeStaff(roles=(OWNER,), grants=()))
        await world.staff.disable(world.owner, world.people[0])
        with pytest.raises(LastOwner):  # the other one cannot come in
            await world.staff.change(world.owner, me, ChangeStaff(roles=()))
        await world.staff.enable(world.owner, world.people[0])
        await world.staff.change(world.owner, me, ChangeStaff(roles=()))

    async def test_only_known_permissions_and_their_limits_can_be_granted(self, world):
        with pytest.raises(UnknownPermission):
            await world.roles.create(world.owner, CreateRole(name="x", grants=(grant("orders:dance"),)))
        with pytest.raises(UnknownPermission):
            await self.give(world, 0, grant("dances:*"))
        for senseless in (
            grant("orders:*", max_amount=(Money(1, "INR"),)),
            grant("orders:read", Effect.deny, locations=(new_id(),)),
            grant("payments:write", max_amount=(Money(1, "INR"), Money(2, "INR"))),
            grant("payments:write", max_amount=(Money(-1, "INR"),)),
        ):
            with pytest.raises(InvalidGrant):
                await self.give(world, 0, senseless)
        with pytest.raises(UnknownRole):
            await self.give(world, 0, roles=(new_id(),))
