"""Two who look after staff in one moment."""

import asyncio

import pytest

from merx.contexts.identity.adapters.postgres import PostgresAccounts
from merx.contexts.identity.adapters.postgres_invitations import PostgresInvitations
from merx.contexts.identity.domain.errors import (
    LastOwner,
)
from merx.contexts.identity.domain.invitation import InvitationState
from merx.contexts.identity.events import AccountRegistered
from merx.infra.postgres import compiled
from tests.contexts.identity.racing import Turnless, careless
from tests.contexts.identity.staffing import (
    a_role,
    accept,
    invitations,
    invited,
    owner_of,
    staff,
    state,
)
from tests.support.at_once import Meeting, connected


@pytest.mark.services
class TestRaces:
    async def leave_at_once(self, shop, meeting=None):
        """Both owners disable themselves in one moment; how many are refused."""
        one, two = await owner_of(shop), await owner_of(shop, "two@example.com")
        await connected(shop.container.uow, 2)
        if meeting:
            meeting.of(2)
        results = await asyncio.gather(
            *(staff(shop).disable(each, each.account_id) for each in (one, two)), return_exceptions=True
        )
        return [type(result) for result in results if result is not None]

    async def test_of_two_last_owners_one_stays(self, postgres_shop):
        for _ in range(5):
            assert await self.leave_at_once(postgres_shop) == [LastOwner]
            async with postgres_shop.container.uow() as uow:
                await uow.tx.execute(compiled("update identity.account set status = 'active'"))
                await uow.commit()

    async def together(self, shop, rounds=5, meeting=None):
        """An invitation is accepted and withdrawn in one moment: what became of it, each time."""
        owner, found = await owner_of(shop), []
        role_id = await a_role(shop, owner)
        await connected(shop.container.uow, 2)
        for n in range(rounds):
            _, invitation_id, text = await invited(shop, f"n{n}@example.com", role_id)
            if meeting:
                meeting.of(2)
            results = await asyncio.gather(
                accept(shop, text), invitations(shop).withdraw(owner, invitation_id), return_exceptions=True
            )
            found.append(tuple(type(result).__name__ for result in results))
        return set(found)

    async def test_s06_a_code_is_not_good_beside_its_withdrawal(self, postgres_shop):
        assert await self.together(postgres_shop) <= {("NoneType", "InvitationOver"), ("InvalidCode", "NoneType")}

    async def test_s06_of_many_who_show_a_code_at_once_one_is_let_in(self, postgres_shop):
        """The turn decides, and the constraint on e-mails would, so there is no careless variant that fails."""
        shop = postgres_shop
        _, invitation_id, text = await invited(shop)
        await connected(shop.container.uow, 6)
        results = await asyncio.gather(*(accept(shop, text, f"N{n}") for n in range(6)), return_exceptions=True)
        assert sorted(type(result).__name__ for result in results) == ["InvalidCode"] * 5 + ["NoneType"]
        assert await state(shop, invitation_id) == InvitationState.accepted
        assert len([event for event in shop.events if isinstance(event, AccountRegistered)]) == 1

    async def test_negative_control_without_the_turn_both_owners_are_gone(self, postgres_shop):
        meeting = Meeting()

        class Accounts(PostgresAccounts):
            async def save(self, entity):
                await meeting.wait()
                await super().save(entity)

        careless(postgres_shop, roles=Turnless, accounts=Accounts)
        assert await self.leave_at_once(postgres_shop, meeting) == []

    async def test_negative_control_without_the_turn_acceptance_and_withdrawal_meet(self, postgres_shop):
        """What keeps them apart then is the version alone, and whoever is second hears of that."""
        meeting = Meeting()

        class Invitations(PostgresInvitations):
            async def save(self, entity):
                await meeting.wait()
                await super().save(entity)

        careless(postgres_shop, roles=Turnless, invitations=Invitations)
        assert await self.together(postgres_shop, 1, meeting) <= {
            ("NoneType", "StaleVersion"),
            ("StaleVersion", "NoneType"),
        }
