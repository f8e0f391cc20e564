"""Consents, groups and timelines: the same promises on memory and on PostgreSQL."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest
from dependency_injector import providers

from merx.contexts.identity.events import EmailChanged
from merx.contexts.orders.events import OrderCancelled, OrderPlaced, OrderShipped
from merx.contexts.users.domain.consent import Purpose
from merx.contexts.users.domain.errors import GroupCodeTaken, GroupInUse, GroupNotFound, ProfileNotFound, StaffProfile
from merx.contexts.users.events import ConsentChanged, GroupMembershipChanged
from merx.contexts.users.usecases.consents import RecordConsent
from merx.contexts.users.usecases.groups import ChangeGroup, CreateGroup
from merx.contexts.users.usecases.profiles import ChangeProfile
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.errors import Forbidden, StaleVersion
from merx.kernel.ids import new_id
from merx.kernel.model import Event
from merx.kernel.money import Money
from tests.contexts.users.conftest import HOME, Town, find


async def answer(town: Town, account_id, purpose: Purpose, granted: bool, source: str = "account"):
    town.clock.advance(timedelta(seconds=1))
    who = Actor(kind=ActorKind.customer, account_id=account_id)
    return await town.users.record_consent()(who, RecordConsent(purpose=purpose, granted=granted, source=source))


async def test_nobody_consents_in_the_place_of_somebody_else(town: Town):
    ada = await town.person()
    given = await answer(town, ada, Purpose.analytics, False)
    staff = Actor(kind=ActorKind.customer, account_id=ada, impersonator=new_id())
    for granted in (True, False):
        with pytest.raises(Forbidden):
            await town.users.record_consent()(staff, RecordConsent(purpose=Purpose.analytics, granted=granted))
    assert await town.users.queries().consents(ada) == [given]


def listening(town: Town) -> list[Event]:
    """What others are told from now on."""
    heard: list[Event] = []
    outbox = town.app.infra.outbox()

    class Listening:
        nudge = outbox.nudge

        async def write(self, tx, events):
            heard.extend(events)
            return await outbox.write(tx, events)

    town.app.infra.outbox.override(providers.Object(Listening()))
    return heard


async def test_the_newest_answer_counts_and_all_are_kept(town: Town):
    ada, bob = await town.person(), await town.person("bob@example.com", "Bob")
    first = await answer(town, ada, Purpose.marketing_email, True, "checkout")
    second = await answer(town, ada, Purpose.analytics, True)
    third = await answer(town, ada, Purpose.marketing_email, False)
    fourth = await answer(town, ada, Purpose.marketing_email, False)
    queries = town.users.queries()
    assert await queries.consents(ada) == [second, fourth]
    page = await queries.consent_history(ada, None, 3)
    rest = await queries.consent_history(ada, page.next, 3)
    assert (page.items, rest.items, rest.next) == ([fourth, third, second], [first], None)
    assert (first.source, first.granted, first.at < third.at) == ("checkout", True, True)
    assert await queries.consents(bob) == []
    with pytest.raises(ProfileNotFound):
        await answer(town, new_id(), Purpose.analytics, True)


async def test_who_closes_the_account_consents_to_nothing_any_more(town: Town):
    ada, bob = await town.person(), await town.person("bob@example.com", "Bob")
    for account_id in (ada, bob):
        await answer(town, account_id, Purpose.marketing_email, True)
    await answer(town, ada, Purpose.analytics, False)
    heard = listening(town)
    town.clock.advance(timedelta(seconds=1))
    await town.app.contexts.identity.close_account()(ada)
    await town.tell()
    queries = town.users.queries()
    now = {consent.purpose: (consent.granted, consent.source) for consent in await queries.consents(ada)}
    assert now == {Purpose.marketing_email: (False, "account-closed"), Purpose.analytics: (False, "account")}
    assert [consent.granted for consent in await queries.consents(bob)] == [True]
    told = [event for event in heard if isinstance(event, ConsentChanged)]
    assert [(event.account_id, event.purpose, event.granted) for event in told] == [(ada, "marketing_email", False)]
    assert len((await queries.consent_history(ada, None, 10)).items) == 3


@pytest.mark.services
async def test_an_answer_cannot_be_changed_afterwards(postgres_town: Town):
    town = postgres_town
    ada = await town.person()
    await answer(town, ada, Purpose.analytics, False)
    async with town.users.uow() as uow:
        with pytest.raises(asyncpg.RaiseError):
            await uow.tx.driver.execute("update users.consent set granted = true")


async def test_others_hear_of_answers_and_groups(town: Town):
    heard = listening(town)
    ada = await town.person()
    await answer(town, ada, Purpose.marketing_sms, True, "popup")
    group_id = await town.users.create_group()(Actor.system(), CreateGroup(code="trade", name="Trade"))
    for change in (town.users.group_membership().join, town.users.group_membership().leave):
        await change(Actor.system(), group_id, ada)
        await change(Actor.system(), group_id, ada)
    told = [event for event in heard if isinstance(event, ConsentChanged | GroupMembershipChanged)]
    assert [(type(event).__name__, event.account_id) for event in told] == [
        ("ConsentChanged", ada),
        ("GroupMembershipChanged", ada),
        ("GroupMembershipChanged", ada),
    ]
    assert (told[0].purpose, told[0].granted, told[0].source) == ("marketing_sms", True, "popup")
    assert [event.member for event in told[1:]] == [True, False]


async def test_groups(town: Town):
    ada = await town.person()
    create, membership, queries = town.users.create_group(), town.users.group_membership(), town.users.queries()
    trade = await create(Actor.system(), CreateGroup(code="trade", name="Trade", description="Buys in bulk"))
    early = await create(Actor.system(), CreateGroup(code="early", name="Early"))
    with pytest.raises(GroupCodeTaken):
        await create(Actor.system(), CreateGroup(code="trade", name="Other"))
    assert [group.code for group in (await queries.groups(None, 10)).items] == ["trade", "early"]
    page = await queries.groups(None, 1)
    assert [group.id for group in (await queries.groups(page.next, 1)).items] == [early]
    await town.users.change_group()(Actor.system(), trade, ChangeGroup(name="Wholesale"), 1)
    with pytest.raises(StaleVersion):
        await town.users.change_group()(Actor.system(), trade, ChangeGroup(name="X"), 1)
    shown = await queries.group(trade)
    assert (shown.name, shown.description, shown.version) == ("Wholesale", "Buys in bulk", 2)

    for group_id in (trade, early):
        await membership.join(Actor.system(), group_id, ada)
        await membership.join(Actor.system(), group_id, ada)
    assert [group.code for group in await queries.groups_of(ada)] == ["early", "trade"]
    with pytest.raises(GroupInUse):
        await town.users.remove_group()(Actor.system(), trade)
    await membership.leave(Actor.system(), trade, ada)
    await membership.leave(Actor.system(), trade, ada)
    await town.users.remove_group()(Actor.system(), trade)
    assert [group.code for group in await queries.groups_of(ada)] == ["early"]
    for attempt in (
        queries.group(trade),
        membership.join(Actor.system(), trade, ada),
        membership.leave(Actor.system(), trade, ada),
        town.users.remove_group()(Actor.system(), trade),
        town.users.change_group()(Actor.system(), trade, ChangeGroup(name="X")),
    ):
        with pytest.raises(GroupNotFound):
            await attempt
    with pytest.raises(ProfileNotFound):
        await membership.join(Actor.system(), early, new_id())


@pytest.mark.services
async def test_many_clerks_put_one_customer_into_a_group_once(postgres_town: Town):
    town = postgres_town
    ada = await town.person()
    group_id = await town.users.create_group()(Actor.system(), CreateGroup(code="trade", name="Trade"))
    await asyncio.gather(*(town.users.group_membership().join(Actor.system(), group_id, ada) for _ in range(8)))
    entries = (await town.users.queries().timeline(ada, None, 50)).items
    assert [entry.kind for entry in entries].count("group_joined") == 1


async def test_staff_sees_a_person_of_whom_nobody_told(town: Town):
    """Accounts that are older than their profiles."""
    ada = await town.account()
    detail = await town.users.read_user()(ada)
    assert (detail.email, detail.name, detail.groups, detail.consents) == ("ada@example.com", "Ada", [], [])
    assert await find(town) == ["Ada"]
    with pytest.raises(ProfileNotFound):
        await town.users.read_user()(new_id())
    with pytest.raises(ProfileNotFound):
        await town.users.read_user().timeline(new_id(), None, 10)


async def test_staff_corrects_a_profile(town: Town):
    ada = await town.person()
    await town.users.change_user()(Actor.system(), ada, ChangeProfile(name="Lady Ada"), 1)
    assert (await town.users.read_user()(ada)).name == "Lady Ada"
    assert await find(town, prefix="lady") == ["Lady Ada"]
    with pytest.raises(StaleVersion):
        await town.users.change_user()(Actor.system(), ada, ChangeProfile(name="X"), 1)
    with pytest.raises(ProfileNotFound):
        await town.users.change_user()(Actor.system(), new_id(), ChangeProfile(name="X"))


async def test_whoever_looks_after_customers_renames_no_member_of_staff(town: Town):
    boss = await town.person(kind="staff")
    helper = Actor(kind=ActorKind.staff, account_id=new_id())
    with pytest.raises(StaffProfile):
        await town.users.change_user()(helper, boss, ChangeProfile(name="Hacked"))
    await town.users.change_user()(Actor(kind=ActorKind.staff, account_id=boss), boss, ChangeProfile(name="Boss"))
    assert (await town.users.read_user()(boss)).name == "Boss"


def placed(town: Town, customer_id, order_id, number: str) -> OrderPlaced:
    money = Money(10_00, "USD")
    return OrderPlaced(
        at=town.clock.now(),
        order_id=order_id,
        number=number,
        customer_id=customer_id,
        email="ada@example.com",
        address=HOME,
        shipping_name="Van",
        payment_method="cod",
        items_total=money,
        shipping_total=money,
        total=money,
        lines=(),
    )


async def test_a_timeline_tells_what_happened_newest_first(town: Town):
    ada = await town.person()
    order_id = new_id()
    now = town.clock.now()
    about = {"at": now, "order_id": order_id, "number": "M-1", "email": "ada@example.com"}
    news = [
        placed(town, ada, order_id, "M-1"),
        placed(town, None, new_id(), "M-2"),
        OrderShipped(**about, shipment_id=new_id(), carrier="DHL", tracking_number="1", quantities={}, customer_id=ada),
        OrderCancelled(**about, reason="too late", quantities={}, customer_id=ada),
        OrderCancelled(**about, reason="a guest's", quantities={}),
    ]
    handlers = {
        OrderPlaced: "users.on_order_placed",
        OrderShipped: "users.on_order_shipped",
        OrderCancelled: "users.on_order_cancelled",
    }
    for event in [*news, *news]:
        subscriber = town.app.registry.named(handlers[type(event)])
        async with subscriber.uow() as uow:
            await subscriber.handler(event, uow)
            await uow.commit()
    await answer(town, ada, Purpose.analytics, True)
    entries = (await town.users.read_user().timeline(ada, None, 50)).items
    assert [(entry.kind, entry.detail, entry.subject_id) for entry in entries] == [
        ("consent_given", "analytics (account)", None),
        ("order_cancelled", "M-1: too late", order_id),
        ("order_shipped", "M-1: DHL 1", order_id),
        ("order_placed", "M-1: 10.00 USD", order_id),
        ("registered", "customer", None),
    ]
    page = await town.users.read_user().timeline(ada, None, 2)
    assert [entry.kind for entry in (await town.users.read_user().timeline(ada, page.next, 9)).items] == [
        "order_shipped",
        "order_placed",
        "registered",
    ]


async def test_a_changed_email_is_found(town: Town):
    ada = await town.person()
    async with town.users.uow() as uow:
        uow.emit(
            EmailChanged(
                at=town.clock.now(), account_id=ada, email="ada@example.com", name="Ada", new_email="Lady@Example.com"
            )
        )
        await uow.commit()
    await town.tell()
    assert await find(town, prefix="lady@") == ["Ada"]
    assert await find(town, prefix="ada@") == []
    assert (await town.users.read_user()(ada)).email == "Lady@Example.com"
