"""Invitations: what both storages promise."""

from datetime import timedelta

import pytest

from merx.contexts.identity.domain.account import AccountKind
from merx.contexts.identity.domain.errors import (
    AlreadyInvited,
    InvalidCode,
    InvitationNotFound,
    InvitationOver,
    MoreThanOwn,
    OwnerHoldsNoOther,
    UnknownRole,
)
from merx.contexts.identity.domain.invitation import MAX_SENDINGS, PURPOSE, InvitationState
from merx.contexts.identity.domain.role import OWNER
from merx.contexts.identity.events import AccountRegistered
from merx.contexts.identity.usecases.invitations import InviteStaff
from merx.contexts.identity.usecases.roles import ChangeRole
from merx.contexts.identity.usecases.staff import ChangeStaff
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.ids import new_id
from merx.kernel.rights import Grant
from tests.contexts.identity.journeys import RESET, code, login
from tests.contexts.identity.staffing import (
    READ_ORDERS,
    a_role,
    accept,
    invitations,
    invited,
    mailed,
    owner_of,
    roles,
    staff,
    state,
)


class TestInvitations:
    async def test_whoever_accepts_is_staff_with_these_roles(self, shop):
        _, invitation_id, text = await invited(shop, " New@Example.com ")
        await accept(shop, text)
        (registered,) = shop.events
        assert isinstance(registered, AccountRegistered)
        assert (registered.email, registered.name, registered.kind) == ("New@Example.com", "Nina New", "staff")
        speaker = await shop.speaker((await login(shop)).access_token)
        assert (speaker.account_id, speaker.permissions) == (registered.account_id, {"orders:read"})
        found = await shop.container.invitation_queries().one(shop.clock.now(), invitation_id)
        assert (found.state, found.account_id) == (InvitationState.accepted, registered.account_id)
        async with shop.container.uow() as uow:
            assert (await uow.accounts.get(registered.account_id)).email_verified_at == shop.clock.now()

    async def test_s06_a_code_works_once_for_its_purpose_and_its_time(self, shop):
        owner, invitation_id, text = await invited(shop)
        async with shop.container.uow() as uow:
            invitation = await uow.invitations.get(invitation_id)
        for wrong in (code(shop, RESET, invitation.code_id), code(shop, PURPOSE, new_id()), text[:-1], "mx_otc_", "x"):
            with pytest.raises(InvalidCode):
                await accept(shop, wrong)
        with pytest.raises(InvalidCode):  # and not the other way round
            shop.container.redeemer().read(RESET, text)
        shop.clock.advance(timedelta(hours=72))
        with pytest.raises(InvalidCode):
            await accept(shop, text)
        assert await state(shop, invitation_id) == InvitationState.expired
        await invitations(shop).send_again(owner, invitation_id)
        fresh = mailed(shop)
        shop.clock.advance(timedelta(hours=71))
        with pytest.raises(InvalidCode):
            await accept(shop, text)
        await accept(shop, fresh)
        for again in (fresh, text):
            with pytest.raises(InvalidCode):
                await accept(shop, again)

    async def test_s06_a_withdrawn_one_is_void(self, shop):
        owner, invitation_id, text = await invited(shop)
        await invitations(shop).withdraw(owner, invitation_id)
        await invitations(shop).withdraw(owner, invitation_id)
        with pytest.raises(InvalidCode):
            await accept(shop, text)
        with pytest.raises(InvitationOver):
            await invitations(shop).send_again(owner, invitation_id)
        with pytest.raises(InvitationNotFound):
            await invitations(shop).withdraw(owner, new_id())

    async def test_s05_an_address_with_an_account_is_invited_alike_and_gets_no_code(self, shop):
        await shop.customer("known@example.com")
        _, known, no_code = await invited(shop, "KNOWN@example.com")
        assert no_code is None
        found = await shop.container.invitation_queries().one(shop.clock.now(), known)
        assert (found.state, found.account_id) == (InvitationState.open, None)

    async def test_who_has_registered_meanwhile_cannot_accept(self, shop):
        _, _, text = await invited(shop)
        await shop.customer("new@example.com")
        with pytest.raises(InvalidCode):
            await accept(shop, text)
        async with shop.container.uow() as uow:
            assert (await uow.accounts.by_email("new@example.com")).kind is AccountKind.customer

    async def test_one_at_a_time(self, shop):
        owner, first, text = await invited(shop)
        role_id = (await shop.container.role_queries().page(100, None)).items[-1].id
        again = InviteStaff(email="NEW@example.com", roles=(role_id,))
        with pytest.raises(AlreadyInvited):
            await invitations(shop).invite(owner, again)
        shop.clock.advance(timedelta(hours=72))
        await invitations(shop).invite(owner, again)
        assert await state(shop, first) == InvitationState.withdrawn
        with pytest.raises(InvalidCode):
            await accept(shop, text)
        with pytest.raises(OwnerHoldsNoOther):
            await invitations(shop).invite(owner, InviteStaff(email="b@example.com", roles=(OWNER, role_id)))
        with pytest.raises(UnknownRole):
            await invitations(shop).invite(owner, InviteStaff(email="b@example.com", roles=(new_id(),)))

    async def test_a_mailbox_is_not_filled(self, shop):
        owner, invitation_id, _ = await invited(shop)
        for _ in range(MAX_SENDINGS - 1):
            await invitations(shop).send_again(owner, invitation_id)
        with pytest.raises(InvitationOver):
            await invitations(shop).send_again(owner, invitation_id)

    async def test_s07_it_is_worth_what_its_sender_holds(self, shop):
        owner = await owner_of(shop)
        small = await a_role(shop, owner, "Small", READ_ORDERS)
        clerk_id = await shop.staff(permissions=("orders:*", "staff:write"))
        clerk = Actor(kind=ActorKind.staff, account_id=clerk_id, permissions=frozenset({"orders:*", "staff:write"}))
        with pytest.raises(MoreThanOwn):
            await invitations(shop).invite(clerk, InviteStaff(email="new@example.com", roles=(OWNER,)))
        shop.events.clear()
        invitation_id = await invitations(shop).invite(clerk, InviteStaff(email="new@example.com", roles=(small,)))
        text = mailed(shop)
        # The role grew beyond the sender; the sender lost a right; the sender is out.
        await roles(shop).change(owner, small, ChangeRole(grants=(READ_ORDERS, Grant(permission="payments:write"))))
        with pytest.raises(InvalidCode):
            await accept(shop, text)
        for refused in (
            invitations(shop).send_again(clerk, invitation_id),
            invitations(shop).withdraw(clerk, invitation_id),
        ):
            with pytest.raises(MoreThanOwn):
                await refused
        await roles(shop).change(owner, small, ChangeRole(grants=(READ_ORDERS,)))
        await staff(shop).change(owner, clerk_id, ChangeStaff(grants=()))
        with pytest.raises(InvalidCode):
            await accept(shop, text)
        await staff(shop).change(owner, clerk_id, ChangeStaff(grants=(Grant(permission="orders:*"),)))
        await staff(shop).disable(owner, clerk_id)
        with pytest.raises(InvalidCode):
            await accept(shop, text)
        await staff(shop).enable(owner, clerk_id)
        await accept(shop, text)

    async def test_pages_and_forgetting(self, shop):
        owner, first, _ = await invited(shop)
        role_id = (await shop.container.role_queries().page(100, None)).items[-1].id
        queries = shop.container.invitation_queries()
        shop.clock.advance(timedelta(days=94))
        ids = [first] + [
            await invitations(shop).invite(owner, InviteStaff(email=f"{n}@example.com", roles=(role_id,)))
            for n in range(3)
        ]
        page = await queries.page(shop.clock.now(), 3, None)
        rest = await queries.page(shop.clock.now(), 3, page.next)
        assert [each.id for each in (*page.items, *rest.items)] == ids[::-1]
        assert [role.id for role in page.items[0].roles] == [role_id]
        job = next(job for job in shop.container.schedule() if job.name == "identity.forget-invitations")
        async with job.uow() as uow:
            await job.handler(None, uow)
            await uow.commit()
        assert [each.id for each in (await queries.page(shop.clock.now(), 9, None)).items] == ids[:0:-1]
        with pytest.raises(InvitationNotFound):
            await queries.one(shop.clock.now(), first)
