"""S35: above a limit a second person decides, and the change happens with the decision or not at all."""

from datetime import timedelta

import pytest

from merx.contexts.approvals.ports.queries import ApprovalState
from merx.contexts.approvals.usecases.decide import Reject
from merx.contexts.catalog.usecases.commands import EditProduct, EditVariant, Price
from merx.contexts.identity.domain.errors import GivenByTwo, MoreThanOwn
from merx.contexts.identity.domain.role import OWNER
from merx.contexts.identity.usecases.invitations import InviteStaff
from merx.contexts.identity.usecases.roles import ChangeRole, CreateRole
from merx.contexts.identity.usecases.staff import ChangeStaff
from merx.kernel.actor import WAIVES_STEP_UP, Actor, ActorKind
from merx.kernel.approvals import ApprovalNotFound, ApprovalOver, ApprovalStale, OwnRequest
from merx.kernel.errors import Forbidden, Invalid, StepUpNeeded
from merx.kernel.ids import new_id
from merx.kernel.rights import Grant
from tests.contexts.approvals.conftest import Shop, person


async def test_s35_a_far_price_waits_for_another_person(shop: Shop):
    lamp, ada, bob = await shop.lamp(), person("catalog:write"), person("catalog:write")
    asked = await shop.reprice(ada, lamp, 50_00, description="Cheap")
    assert asked is not None
    unchanged = await shop.product(lamp.id)
    assert (unchanged.variants[0].price.amount, unchanged.version, unchanged.description) == (100_00, lamp.version, "")
    waiting = await shop.queries.one(asked.approval_id, shop.clock.now())
    assert (waiting.state, waiting.asked_by, waiting.target_id) == (ApprovalState.pending, ada.account_id, lamp.id)
    assert waiting.command["variants"][0]["price"] == {"amount": 50_00, "currency": "USD"}

    with pytest.raises(OwnRequest):
        await shop.decide.approve(ada, asked.approval_id)
    assert await shop.price(lamp) == 100_00
    await shop.decide.approve(bob, asked.approval_id)
    changed = await shop.product(lamp.id)
    assert (changed.variants[0].price.amount, changed.description) == (50_00, "Cheap")
    decided = await shop.queries.one(asked.approval_id, shop.clock.now())
    assert (decided.state, decided.decided_by) == (ApprovalState.approved, bob.account_id)
    assert (await shop.trail())[-3:] == [
        "approvals.approval-asked",
        "approvals.approval-given",
        "catalog.product-edited",
    ]
    with pytest.raises(ApprovalOver):
        await shop.decide.approve(person(), asked.approval_id)
    with pytest.raises(ApprovalOver):
        await shop.decide.reject(person(), asked.approval_id, Reject())


async def test_s35_up_to_the_limit_one_person_is_enough(shop: Shop):
    lamp, ada = await shop.lamp(), person()
    assert await shop.reprice(ada, lamp, 120_00) is None
    assert await shop.price(lamp) == 120_00
    shop.clock.advance(timedelta(hours=24))
    assert await shop.reprice(ada, lamp, 96_00) is None
    for amount, currency in ((96_00 - 1, "USD"), (144_00 + 1, "USD"), (96_00, "EUR"), (1, "USD")):
        assert await shop.reprice(ada, lamp, amount, currency) is not None, (amount, currency)
    assert await shop.reprice(Actor.system(), lamp, 1_00) is None


async def test_s35_a_new_variant_is_no_way_round(shop: Shop):
    lamp, ada = await shop.lamp(), person()
    (old,) = lamp.variants
    for amount, waits in ((10_00, True), (95_00, False)):
        new = EditVariant(sku=f"L-{amount}", price=Price(amount=amount, currency="USD"), options={"n": str(amount)})
        cmd = EditProduct(variants=[EditVariant(id=old.id, active=False), new])
        asked = await shop.catalog.edit_product()(ada, lamp.id, cmd)
        assert (asked is not None) == waits
    # Nor by way of the archive.
    status = shop.catalog.change_status()
    await status.archive(ada, lamp.id)
    await status.restore(ada, lamp.id)
    assert await shop.reprice(ada, lamp, 10_00) is not None


async def test_s35_what_could_not_be_done_is_not_asked_for(shop: Shop):
    lamp = await shop.lamp()
    with pytest.raises(StepUpNeeded):
        await shop.reprice(person(fresh=False), lamp, 1_00)
    with pytest.raises(Invalid):
        await shop.reprice(person(), lamp, 1_00, brand_id=new_id())
    assert (await shop.queries.page(None, shop.clock.now(), None, 10)).items == []


async def test_s35_people_decide(shop: Shop):
    """Whoever owns a program could be both persons."""
    lamp, ada = await shop.lamp(), person()
    key = Actor(kind=ActorKind.api_key, account_id=new_id(), permissions=frozenset({"*", WAIVES_STEP_UP}))
    asked = await shop.reprice(ada, lamp, 1_00)
    assert asked is not None
    with pytest.raises(Forbidden):
        await shop.reprice(key, lamp, 1_00)
    for who, error in (
        (key, Forbidden),
        (Actor.system(), Forbidden),
        (person("approvals:write"), Forbidden),
        (person("catalog:read"), Forbidden),
        (person("catalog:write", fresh=False), StepUpNeeded),
        (person("catalog:write", account_id=ada.account_id), OwnRequest),
    ):
        with pytest.raises(error):
            await shop.decide.approve(who, asked.approval_id)
    with pytest.raises(Forbidden):
        await shop.decide.reject(person("approvals:write"), asked.approval_id, Reject())
    with pytest.raises(ApprovalNotFound):
        await shop.decide.approve(person(), new_id())
    assert await shop.price(lamp) == 100_00


async def test_s35_of_a_thing_that_was_changed_meanwhile_nothing_happens(shop: Shop):
    lamp, ada, bob = await shop.lamp(), person(), person()
    asked = await shop.reprice(ada, lamp, 50_00)
    assert asked is not None
    await shop.catalog.edit_product()(bob, lamp.id, EditProduct(description="Other"))
    with pytest.raises(ApprovalStale):
        await shop.decide.approve(bob, asked.approval_id)
    assert await shop.price(lamp) == 100_00
    # The decision is undone with the change: it waits still, and can be taken back.
    assert (await shop.queries.one(asked.approval_id, shop.clock.now())).state is ApprovalState.pending
    await shop.decide.reject(ada, asked.approval_id, Reject(reason="not any more"))
    over = await shop.queries.one(asked.approval_id, shop.clock.now())
    assert (over.state, over.reason, over.decided_by) == (ApprovalState.rejected, "not any more", ada.account_id)
    assert (await shop.trail())[-1] == "approvals.approval-refused"


async def test_s35_after_its_days_it_is_over(shop: Shop):
    lamp, bob = await shop.lamp(), person()
    asked = await shop.reprice(person(), lamp, 50_00)
    assert asked is not None
    shop.clock.advance(timedelta(days=7))
    for late in (shop.decide.approve(bob, asked.approval_id), shop.decide.reject(bob, asked.approval_id, Reject())):
        with pytest.raises(ApprovalOver):
            await late
    assert (await shop.queries.one(asked.approval_id, shop.clock.now())).state is ApprovalState.expired
    assert await shop.price(lamp) == 100_00


async def test_they_are_listed_newest_first_and_by_state(shop: Shop):
    lamp, ada = await shop.lamp(), person()
    old = await shop.reprice(ada, lamp, 1_00)
    shop.clock.advance(timedelta(days=7))
    asked = [await shop.reprice(ada, lamp, amount) for amount in (2_00, 3_00, 4_00)]
    first, second, third = (each.approval_id for each in asked if each)
    await shop.decide.reject(ada, first, Reject())
    await shop.decide.approve(person(), third)
    assert old is not None

    async def listed(state: ApprovalState | None) -> list:
        found, after = [], None
        while True:
            page = await shop.queries.page(state, shop.clock.now(), after, 2)
            found += [view.id for view in page.items]
            if (after := page.next) is None:
                return found

    assert await listed(None) == [third, second, first, old.approval_id]
    assert [await listed(state) for state in ApprovalState] == [[second], [third], [first], [old.approval_id]]


async def test_s35_rights_are_given_by_two(shop: Shop):
    olga, otto = await shop.owner("olga@example.com"), await shop.owner("otto@example.com")
    clerk = await shop.member("cleo@example.com")
    staff = shop.identity.look_after_staff()
    asked = await staff.change(olga, clerk, ChangeStaff(roles=(OWNER,)))
    assert asked is not None

    async def roles() -> tuple:
        async with shop.identity.uow() as uow:
            return (await uow.accounts.get(clerk)).role_ids

    assert await roles() == ()
    with pytest.raises(OwnRequest):
        await shop.decide.approve(olga, asked.approval_id)
    less = await shop.member("lee@example.com", "staff:write", "approvals:write")
    with pytest.raises(MoreThanOwn):
        await shop.decide.approve(person("staff:write", account_id=less), asked.approval_id)
    await shop.decide.approve(otto, asked.approval_id)
    assert await roles() == (OWNER,)
    # Less is taken away by one.
    assert await staff.change(olga, clerk, ChangeStaff(roles=())) is None


async def test_s35_neither_an_invitation_nor_a_role_that_somebody_holds_gives_them(shop: Shop):
    olga = await shop.owner("olga@example.com")
    roles, invitations = shop.identity.look_after_roles(), shop.identity.look_after_invitations()
    with pytest.raises(GivenByTwo):
        await invitations.invite(olga, InviteStaff(email="new@example.com", roles=(OWNER,)))
    weak = await roles.create(olga, CreateRole(name="Weak", grants=()))
    await invitations.invite(olga, InviteStaff(email="new@example.com", roles=(weak,)))
    more = ChangeRole(grants=(Grant(permission="orders:read"),))
    with pytest.raises(GivenByTwo):
        await roles.change(olga, weak, more)
    free = await roles.create(olga, CreateRole(name="Free", grants=()))
    await roles.change(olga, free, more)
    await roles.change(olga, free, ChangeRole(name="Freer"))
