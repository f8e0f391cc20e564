"""S35: no way round the second person for rights: not through invitations, nor through what a role grants meanwhile."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from merx.contexts.identity.adapters.postgres import PostgresAccounts, PostgresIdentityUow
from merx.contexts.identity.adapters.postgres_roles import PostgresRoles
from merx.contexts.identity.domain.account import Account
from merx.contexts.identity.domain.errors import GivenByTwo, InvalidCode
from merx.contexts.identity.domain.guarded_rights import GuardedRights
from merx.contexts.identity.domain.invitation import PURPOSE
from merx.contexts.identity.domain.role import OWNER, Role
from merx.contexts.identity.usecases.accept_invitation import AcceptInvitation
from merx.contexts.identity.usecases.invitations import InviteStaff
from merx.contexts.identity.usecases.roles import ChangeRole, CreateRole
from merx.contexts.identity.usecases.staff import AskedChange, ChangeStaff
from merx.kernel.actor import Actor
from merx.kernel.approvals import ApprovalStale
from merx.kernel.rights import Effect, Grant
from tests.contexts.approvals.conftest import Shop
from tests.support.at_once import Meeting, at_once

NEW = "new@example.com"
EVERYTHING, READ, WRITE = Grant(permission="*"), Grant(permission="orders:read"), Grant(permission="orders:write")
NO_LIMIT = GuardedRights(())


async def a_role(shop: Shop, olga: Actor, name: str, *grants: Grant) -> UUID:
    found: UUID = await shop.identity.look_after_roles().create(olga, CreateRole(name=name, grants=grants))
    return found


async def regrant(shop: Shop, olga: Actor, role_id: UUID, *grants: Grant) -> None:
    await shop.identity.look_after_roles().change(olga, role_id, ChangeRole(grants=grants))


async def holds(shop: Shop, account_id: UUID) -> tuple[str, ...]:
    found: tuple[str, ...] = (await shop.identity.queries().profile(account_id)).permissions
    return found


async def accept(shop: Shop, invitation_id: UUID, guarded: GuardedRights | None = None) -> tuple[str, ...]:
    """With the code from the mailbox; what the account holds."""
    handler = shop.identity.accept_invitation()
    handler = handler if guarded is None else replace(handler, guarded=guarded)
    async with shop.identity.uow() as uow:
        code = shop.identity.codes().text(PURPOSE, (await uow.invitations.get(invitation_id)).code_id)
    await handler(Actor.anonymous("r-1"), AcceptInvitation(code=code, name="Nina", password="a long passphrase"))
    return await holds(shop, (await shop.identity.queries().credentials(NEW)).account_id)


async def test_s35_an_invitation_that_expired_is_not_sent_again_with_more(shop: Shop):
    olga, invitations = await shop.owner("olga@example.com"), shop.identity.look_after_invitations()
    free = await a_role(shop, olga, "Free")
    invitation_id = await invitations.invite(olga, InviteStaff(email=NEW, roles=(free,)))
    shop.clock.advance(timedelta(hours=72))
    # Nobody holds it, nor can anybody accept it at this moment.
    await regrant(shop, olga, free, EVERYTHING)
    with pytest.raises(GivenByTwo):
        await invitations.send_again(olga, invitation_id)
    with pytest.raises(InvalidCode):
        await accept(shop, invitation_id)
    # What it was made for it is still good for.
    await regrant(shop, olga, free)
    await invitations.send_again(olga, invitation_id)
    with pytest.raises(GivenByTwo):
        await regrant(shop, olga, free, EVERYTHING)
    assert await accept(shop, invitation_id) == ()


async def test_s35_an_invitation_from_before_the_limit_gives_nothing_that_it_guards(shop: Shop):
    olga, usual = await shop.owner("olga@example.com"), shop.identity.look_after_invitations()
    invite = InviteStaff(email=NEW, roles=(OWNER,))
    invitation_id = await replace(usual, guarded=NO_LIMIT).invite(olga, invite)
    with pytest.raises(InvalidCode):
        await accept(shop, invitation_id)
    assert await accept(shop, invitation_id, NO_LIMIT) == ("*",)


async def test_s35_an_invitation_to_what_is_not_guarded_goes_its_way(shop: Shop):
    guarded = GuardedRights(("staff:write",))
    olga = await shop.owner("olga@example.com")
    invitations = replace(shop.identity.look_after_invitations(), guarded=guarded)
    invite = InviteStaff(email=NEW, roles=(await a_role(shop, olga, "Reader", READ),))
    invitation_id = await invitations.invite(olga, invite)
    shop.clock.advance(timedelta(hours=73))
    await invitations.send_again(olga, invitation_id)
    assert await accept(shop, invitation_id, guarded) == ("orders:read",)


async def test_s35_a_denial_that_a_role_loses_is_a_right_that_somebody_gains(shop: Shop):
    olga = await shop.owner("olga@example.com")
    denied = Grant(permission="orders:write", effect=Effect.deny)
    barred, spare = await a_role(shop, olga, "Barred", denied), await a_role(shop, olga, "Spare", denied)
    nina = await shop.member("nina@example.com", "orders:*", roles=(barred,))
    with pytest.raises(GivenByTwo, match="orders:write"):
        await regrant(shop, olga, barred)
    assert await holds(shop, nina) == ("!orders:write", "orders:*")
    # To somebody whom nothing else allows it, nothing is given.
    await shop.member("otis@example.com", roles=(spare,))
    await regrant(shop, olga, spare)


class TestRoleBehindAnApproval:
    @pytest.fixture(autouse=True)
    async def asked_for_reader(self, shop: Shop) -> None:
        """Olga asked to make Nina a Reader, and nobody has agreed yet."""
        self.shop = shop
        self.olga, self.otto = await shop.owner("olga@example.com"), await shop.owner("otto@example.com")
        self.reader = await a_role(shop, self.olga, "Reader", READ)
        self.nina = await shop.member("nina@example.com")
        self.approval_id = await self.ask()

    async def ask(self) -> UUID:
        cmd = ChangeStaff(roles=(self.reader,))
        asked = await self.shop.identity.look_after_staff().change(self.olga, self.nina, cmd)
        assert asked is not None
        found: UUID = asked.approval_id
        return found

    async def test_s35_whoever_agrees_sees_what_it_comes_to(self):
        shop = self.shop
        waiting = await shop.queries.one(self.approval_id, shop.clock.now())
        command = {name: list(value) for name, value in waiting.command.items()}
        assert command == {"roles": [str(self.reader)], "holds": ["orders:read"]}
        await shop.decide.approve(self.otto, self.approval_id)
        assert await holds(shop, self.nina) == ("orders:read",)

    @pytest.mark.parametrize("grants", [(EVERYTHING,), (READ, WRITE), ()])
    async def test_s35_a_role_that_grants_other_things_by_now_is_not_given(self, grants):
        shop = self.shop
        await regrant(shop, self.olga, self.reader, *grants)
        with pytest.raises(ApprovalStale):
            await shop.decide.approve(self.otto, self.approval_id)
        assert await holds(shop, self.nina) == ()
        # Nothing is decided: as it was asked about, it can be agreed to.
        await regrant(shop, self.olga, self.reader, READ)
        await shop.decide.approve(self.otto, self.approval_id)
        assert await holds(shop, self.nina) == ("orders:read",)

    async def test_s35_asked_again_it_is_about_what_the_role_grants_now(self):
        await regrant(self.shop, self.olga, self.reader, EVERYTHING)
        await self.shop.decide.approve(self.otto, await self.ask())
        assert await holds(self.shop, self.nina) == ("*",)

    async def test_s35_what_was_asked_without_saying_what_it_comes_to_is_asked_again(self):
        """As it was stored before it was said."""
        shop = self.shop
        async with shop.identity.uow() as uow:
            approval = await shop.identity.look_after_staff().second.approvals.locked(uow.tx, self.approval_id)
            del approval.command["holds"]
            await shop.identity.look_after_staff().second.approvals.save(uow.tx, approval)
            await uow.commit()
        assert approval.cmd(AskedChange).roles == (self.reader,)
        with pytest.raises(ApprovalStale):
            await shop.decide.approve(self.otto, self.approval_id)


@pytest.mark.services
class TestRaces:
    """A role grows in the moment in which another person agrees to give it."""

    async def both(self, shop: Shop, uow: Callable[[], Any] | None = None) -> tuple[str, ...]:
        """What Nina holds then, who was to be a Reader."""
        olga, otto = await shop.owner("olga@example.com"), await shop.owner("otto@example.com")
        reader, nina = await a_role(shop, olga, "Reader", READ), await shop.member("nina@example.com")
        staff, roles = shop.identity.look_after_staff(), shop.identity.look_after_roles()
        asked = await staff.change(olga, nina, ChangeStaff(roles=(reader,)))
        assert asked is not None
        if uow is not None:
            staff, roles = replace(staff, uow=uow), replace(roles, uow=uow)
        await at_once(
            staff.approved(otto, asked.approval_id), roles.change(olga, reader, ChangeRole(grants=(EVERYTHING,)))
        )
        return await holds(shop, nina)

    async def test_s35_who_comes_second_is_refused(self, postgres_shop: Shop):
        assert await self.both(postgres_shop) in [("orders:read",), ()]

    async def test_s35_the_control_without_the_turn_she_holds_everything(self, postgres_shop: Shop):
        infra, meeting = postgres_shop.app.infra, Meeting()
        meeting.of(2)

        class Accounts(PostgresAccounts):
            async def save(self, entity: Account) -> None:
                await meeting.wait()
                await super().save(entity)

        class Roles(PostgresRoles):
            async def take_turn(self) -> None:
                await asyncio.sleep(0)

            async def save(self, entity: Role) -> None:
                await meeting.wait()
                await super().save(entity)

        class Uow(PostgresIdentityUow):
            def open(self, tx: Any) -> None:
                super().open(tx)
                self.accounts, self.roles = Accounts(tx), Roles(tx)

        assert await self.both(postgres_shop, lambda: Uow(infra.database(), infra.outbox())) == ("*",)
