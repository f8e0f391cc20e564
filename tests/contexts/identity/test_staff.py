"""Roles and staff: what both storages promise."""

import asyncpg
import pytest

from merx.contexts.identity.domain.account import AccountStatus
from merx.contexts.identity.domain.built_in_roles import built_in_roles
from merx.contexts.identity.domain.errors import (
    AccessEnded,
    InvalidCredentials,
    InvalidRefreshToken,
    RoleInUse,
    RoleNameTaken,
    RoleNotFound,
    StaffNotFound,
    UnknownRole,
)
from merx.contexts.identity.domain.role import OWNER
from merx.contexts.identity.ports.staff import StaffFilter
from merx.contexts.identity.usecases.accept_invitation import AcceptInvitation
from merx.contexts.identity.usecases.granting import staff_tag
from merx.contexts.identity.usecases.invitations import InviteStaff
from merx.contexts.identity.usecases.roles import ChangeRole, CreateRole
from merx.contexts.identity.usecases.staff import ChangeStaff
from merx.kernel.errors import StaleVersion
from merx.kernel.ids import new_id
from merx.kernel.money import Money
from merx.kernel.rights import Effect, Grant
from merx.kernel.text import search_key
from tests.contexts.identity.conftest import PASSWORD
from tests.contexts.identity.journeys import login, refresh
from tests.contexts.identity.staffing import (
    READ_ORDERS,
    a_role,
    invitations,
    owner_of,
    roles,
    staff,
)


class TestRoles:
    async def test_a_shop_begins_with_roles(self, shop):
        page = await shop.container.role_queries().page(100, None)
        wanted = built_in_roles()
        assert [(role.id, role.name, role.version, role.description, role.created_at) for role in page.items] == [
            (role.id, role.name, role.version, role.description, role.created_at) for role in wanted
        ]
        assert [tuple(grant.text() for grant in role.grants) for role in page.items] == [r.grants for r in wanted]
        async with shop.container.uow() as uow:
            keys = [role.name_key for role in await uow.roles.find([role.id for role in wanted])]
        assert sorted(keys) == sorted(role.name_key for role in wanted)

    async def test_what_went_in_comes_out(self, shop):
        owner, queries = await owner_of(shop), shop.container.role_queries()
        grants = (
            Grant(permission="payments:write", max_amount=(Money(5, "USD"), Money(200_000, "INR"))),
            Grant(permission="inventory:write", locations=(new_id(),)),
            Grant(permission="orders:*"),
            Grant(permission="orders:write", effect=Effect.deny),
        )
        role_id = await roles(shop).create(owner, CreateRole(name="Till", description="d", grants=grants))
        found = await queries.one(role_id)
        assert (found.name, found.description, found.version) == ("Till", "d", 1)
        assert {grant.text() for grant in found.grants} == {grant.text() for grant in grants}
        await roles(shop).change(owner, role_id, ChangeRole(name="Tills", grants=(READ_ORDERS,)), version=1)
        found = await queries.one(role_id)
        assert (found.name, found.description, found.grants, found.version) == ("Tills", "d", (READ_ORDERS,), 2)
        with pytest.raises(StaleVersion):
            await roles(shop).change(owner, role_id, ChangeRole(name="x"), version=1)
        await roles(shop).remove(owner, role_id)
        for gone in (queries.one(role_id), roles(shop).remove(owner, role_id)):
            with pytest.raises(RoleNotFound):
                await gone

    async def test_no_two_share_a_name(self, shop):
        owner = await owner_of(shop)
        role_id = await a_role(shop, owner, "Night shift")
        for name in ("Night shift", " night  SHIFT"):
            with pytest.raises(RoleNameTaken):
                await a_role(shop, owner, name)
        with pytest.raises(RoleNameTaken):
            await roles(shop).change(owner, role_id, ChangeRole(name="support"))

    async def test_pages(self, shop):
        owner, queries = await owner_of(shop), shop.container.role_queries()
        role_id = await a_role(shop, owner)
        first = await queries.page(4, None)
        second = await queries.page(4, first.next)
        found = [role.id for role in (*first.items, *second.items)]
        assert sorted(found) == found
        assert role_id in found
        assert (len(found), second.next) == (6, None)

    async def test_one_that_somebody_holds_or_is_invited_to_stays(self, shop):
        owner = await owner_of(shop)
        role_id = await a_role(shop, owner)
        invitation_id = await invitations(shop).invite(owner, InviteStaff(email="a@example.com", roles=(role_id,)))
        with pytest.raises(RoleInUse):
            await roles(shop).remove(owner, role_id)
        await invitations(shop).withdraw(owner, invitation_id)
        account_id = await shop.staff()
        await staff(shop).change(owner, account_id, ChangeStaff(roles=(role_id,)))
        with pytest.raises(RoleInUse):
            await roles(shop).remove(owner, role_id)
        await staff(shop).change(owner, account_id, ChangeStaff(roles=()))
        await roles(shop).remove(owner, role_id)


class TestStaff:
    async def test_roles_and_grants_add_up(self, shop):
        owner, queries = await owner_of(shop), shop.container.staff_queries()
        role_id, account_id = await a_role(shop, owner), await shop.staff()
        denied = Grant(permission="orders:write", effect=Effect.deny)
        await staff(shop).change(owner, account_id, ChangeStaff(roles=(role_id,), grants=(denied,)))
        found = await queries.one(account_id)
        assert (found.name, found.status, found.grants) == ("Sam", AccountStatus.active, (denied,))
        assert [(role.id, role.name) for role in found.roles] == [(role_id, "Clerk")]
        profile = await shop.container.queries().profile(account_id)
        assert profile.permissions == ("!orders:write", "orders:read")
        with pytest.raises(StaleVersion):
            await staff(shop).change(owner, account_id, ChangeStaff(roles=()), version=found.version + 1)
        with pytest.raises(UnknownRole):
            await staff(shop).change(owner, account_id, ChangeStaff(roles=(new_id(),)))

    async def test_customers_and_the_closed_are_no_staff(self, shop):
        owner = await owner_of(shop)
        customer, closed = await shop.customer(), await shop.staff()
        await shop.close_account(closed)
        for account_id in (customer, closed, new_id()):
            for change in (
                staff(shop).change(owner, account_id, ChangeStaff(roles=())),
                staff(shop).disable(owner, account_id),
                staff(shop).enable(owner, account_id),
            ):
                with pytest.raises(StaffNotFound):
                    await change
        for account_id in (customer, new_id()):
            with pytest.raises(StaffNotFound):
                await shop.container.staff_queries().one(account_id)

    async def test_the_list(self, shop):
        owner, queries = await owner_of(shop), shop.container.staff_queries()
        await shop.customer("sam@example.com")
        ids = [owner.account_id, *[await shop.staff(f"{name}_x@example.com") for name in ("ann", "bob", "cleo")]]
        await staff(shop).disable(owner, ids[2])

        async def found(**wanted):
            return [each.id for each in (await queries.page(StaffFilter(**wanted))).items]

        assert await found() == ids
        assert await found(prefix="sam") == ids[1:]
        assert await found(prefix="bob_") == [ids[2]]
        assert await found(prefix="bo%") == await found(prefix="bobx") == []
        assert await found(status=AccountStatus.disabled) == [ids[2]]
        assert await found(role_id=OWNER) == [ids[0]]
        assert await found(role_id=new_id()) == []
        first = await queries.page(StaffFilter(limit=3))
        second = await queries.page(StaffFilter(limit=3, after=first.next))
        assert ([each.id for each in (*first.items, *second.items)], second.next) == (ids, None)

    async def test_they_are_found_however_their_letters_were_typed(self, shop):
        owner, queries = await owner_of(shop), shop.container.staff_queries()
        ids = [await shop.staff(f"{name}@example.com") for name in ("jose\u0301", "ΟΔΥΣΣΕΥΣ", "\u01f0ana")]

        async def found(typed, **wanted):
            page = await queries.page(StaffFilter(prefix=search_key(typed), **wanted))
            return [each.id for each in page.items]

        for typed in ("JOS\u00c9", "jose\u0301@"):
            assert await found(typed) == ids[:1]
        for end in range(1, 9):
            assert await found("ΟΔΥΣΣΕΥΣ"[:end]) == ids[1:2]
        assert await found("J\u030cANA") == ids[2:]
        assert owner.account_id not in await found("j")

    async def test_a_page_of_those_found_ends_where_the_next_begins(self, shop):
        queries = shop.container.staff_queries()
        ids = [await shop.staff(f"{name}{n}@example.com") for n in range(4) for name in ("other", "found")][1::2]
        first = await queries.page(StaffFilter(prefix="found", limit=3))
        second = await queries.page(StaffFilter(prefix="found", limit=3, after=first.next))
        assert ([each.id for each in first.items], [each.id for each in second.items]) == (ids[:3], ids[3:])
        assert second.next is None

    async def test_s02_who_is_disabled_is_out_at_once(self, shop):
        owner, account_id = await owner_of(shop), await shop.staff()
        tokens = await login(shop, "staff@example.com")
        assert (await shop.speaker(tokens.access_token)).may("orders:write")
        await staff(shop).disable(owner, account_id)
        shop.container.staff_door().invalidate([staff_tag(account_id)])
        with pytest.raises(AccessEnded):
            await shop.speaker(tokens.access_token)
        with pytest.raises(InvalidRefreshToken):
            await refresh(shop, tokens)
        with pytest.raises(InvalidCredentials):
            await login(shop, "staff@example.com")
        await staff(shop).disable(owner, account_id)
        await staff(shop).enable(owner, account_id)
        await staff(shop).enable(owner, account_id)
        with pytest.raises(InvalidRefreshToken):
            await refresh(shop, tokens)
        assert (await shop.speaker((await login(shop, "staff@example.com")).access_token)).may("orders:write")


@pytest.mark.services
async def test_a_member_is_found_among_very_many(postgres_shop, database_url):
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(
            "insert into identity.account (id, version, email, email_key, name, kind, role_ids, permissions, status,"
            " created_at, credentials_version)"
            " select gen_random_uuid(), 1, 'clerk' || n, 'clerk' || n, 'Clerk', 'staff', '{}', '{}', 'active', now(), 0"
            " from generate_series(1, 1200) n"
        )
    finally:
        await connection.close()
    queries = postgres_shop.container.staff_queries()
    for number in (1, 600, 1200):
        page = await queries.page(StaffFilter(prefix=search_key(f"CLERK{number}"), limit=1))
        assert page.items[0].email.startswith(f"clerk{number}")
    page, found = await queries.page(StaffFilter(prefix="clerk1", limit=100)), []
    while True:
        found += page.items
        if page.next is None:
            break
        page = await queries.page(StaffFilter(prefix="clerk1", limit=100, after=page.next))
    wanted = [number for number in range(1, 1201) if str(number).startswith("1")]
    assert sorted(each.email for each in found) == sorted(f"clerk{number}" for number in wanted)


def test_nothing_personal_is_shown_by_repr():
    assert "example" not in repr(InviteStaff(email="a@example.com", roles=(OWNER,)))
    shown = repr(AcceptInvitation(code="mx_otc_secret", name="Nina", password=PASSWORD))
    assert not any(word in shown for word in ("secret", "Nina", PASSWORD))
