"""The same promises on memory and on PostgreSQL."""

import asyncio

import pytest
from msgspec import UNSET

from merx.contexts.shipping.api import Parcel
from merx.contexts.shipping.domain.errors import (
    InvalidMethod,
    InvalidRate,
    InvalidZone,
    MethodCodeTaken,
    MethodInUse,
    MethodNotFound,
    RateNotFound,
    RateTaken,
    ZoneInUse,
    ZoneNameTaken,
    ZoneNotFound,
)
from merx.contexts.shipping.domain.rate import Basis, Tier
from merx.contexts.shipping.usecases.methods import ChangeMethod, CreateMethod
from merx.contexts.shipping.usecases.rates import ChangeRate, CreateRate
from merx.contexts.shipping.usecases.rules import KEPT
from merx.contexts.shipping.usecases.zones import ChangeZone, CreateZone
from merx.kernel.actor import Actor
from merx.kernel.errors import StaleVersion
from merx.kernel.ids import new_id
from merx.kernel.money import Money
from merx.kernel.paging import InvalidCursor, encode_cursor
from tests.contexts.shipping.conftest import Office


async def build(office: Office):
    box = office.container
    zone = await box.create_zone()(
        Actor.system(), CreateZone(name="Bengaluru", countries=["IN"], postal_prefixes=["560"])
    )
    method = await box.create_method()(
        Actor.system(), CreateMethod(zone_id=zone.id, code="bike", name="By bike", days_min=0, days_max=1)
    )
    rate = await box.create_rate()(
        Actor.system(),
        CreateRate(
            method_id=method.id,
            currency="INR",
            basis=Basis.weight,
            tiers=[Tier(up_to=2000, price=40_00), Tier(up_to=9000, price=90_00)],
            free_from=5_000_00,
        ),
    )
    return zone, method, rate


def parcel(weight: int = 1500, amount: int = 100_00) -> Parcel:
    return Parcel("IN", "560 001", Money(amount, "INR"), weight)


async def test_what_is_stored_is_quoted(office):
    _, method, _ = await build(office)
    (option,) = await office.container.api().options(parcel())
    assert (option.method_id, option.code, option.name) == (method.id, "bike", "By bike")
    assert (option.price, option.days_min, option.days_max) == (Money(40_00, "INR"), 0, 1)
    assert await office.container.api().options(parcel(weight=9001)) == []
    (free,) = await office.container.api().options(parcel(amount=5_000_00))
    assert free.price == Money(0, "INR")


async def test_views_show_everything_that_was_stored(office):
    zone, method, rate = await build(office)
    queries = office.container.queries()
    shown = await queries.zone(zone.id)
    assert (shown.name, shown.countries, shown.postal_prefixes, shown.version) == ("Bengaluru", ["IN"], ["560"], 1)
    assert (await queries.method(method.id)).active is True
    stored = await queries.rate(rate.id)
    assert (stored.basis, stored.free_from, stored.currency) == (Basis.weight, 5_000_00, "INR")
    assert stored.tiers == rate.tiers


async def test_a_change_is_quoted_at_once_in_this_process(office):
    _, _, rate = await build(office)
    assert (await office.container.api().options(parcel()))[0].price.amount == 40_00
    changed = await office.container.change_rate()(
        Actor.system(), rate.id, ChangeRate(basis=Basis.flat, tiers=[Tier(price=7_00)], free_from=None), rate.version
    )
    assert changed.version == 2
    assert changed.free_from is None
    assert (await office.container.api().options(parcel(weight=99_000)))[0].price.amount == 7_00


async def test_a_change_elsewhere_is_quoted_within_seconds(office):
    _, _, rate = await build(office)
    await office.container.api().options(parcel())
    async with office.container.uow() as uow:
        held = await uow.rates.get(rate.id)
        held.tiers = [Tier(price=1_00, up_to=2000)]
        await uow.rates.save(held)
        await uow.commit()
    assert (await office.container.api().options(parcel()))[0].price.amount == 40_00
    office.clock.advance(KEPT)
    assert (await office.container.api().options(parcel()))[0].price.amount == 1_00


async def test_unique_keys(office):
    zone, method, _ = await build(office)
    box = office.container
    with pytest.raises(ZoneNameTaken):
        await box.create_zone()(Actor.system(), CreateZone(name="Bengaluru"))
    with pytest.raises(MethodCodeTaken):
        await box.create_method()(
            Actor.system(), CreateMethod(zone_id=zone.id, code="bike", name="Again", days_min=0, days_max=1)
        )
    with pytest.raises(RateTaken):
        await box.create_rate()(Actor.system(), CreateRate(method_id=method.id, currency="INR", tiers=[Tier(price=1)]))


async def test_parents_must_exist(office):
    with pytest.raises(InvalidMethod):
        await office.container.create_method()(
            Actor.system(), CreateMethod(zone_id=new_id(), code="x", name="X", days_min=0, days_max=1)
        )
    with pytest.raises(InvalidRate):
        await office.container.create_rate()(
            Actor.system(), CreateRate(method_id=new_id(), currency="USD", tiers=[Tier(price=1)])
        )


async def test_edits_of_an_old_version_are_refused(office):
    zone, method, rate = await build(office)
    box = office.container
    await box.change_zone()(Actor.system(), zone.id, ChangeZone(name="Bangalore"), 1)
    with pytest.raises(StaleVersion):
        await box.change_zone()(Actor.system(), zone.id, ChangeZone(name="Bengalūru"), 1)
    with pytest.raises(StaleVersion):
        await box.change_method()(Actor.system(), method.id, ChangeMethod(active=False), 7)
    with pytest.raises(StaleVersion):
        await box.remove_rate()(Actor.system(), rate.id, 7)
    assert (await box.queries().zone(zone.id)).name == "Bangalore"


async def test_only_what_is_sent_changes(office):
    zone, method, _ = await build(office)
    changed = await office.container.change_method()(Actor.system(), method.id, ChangeMethod(days_max=3))
    assert (changed.days_min, changed.days_max, changed.name) == (0, 3, "By bike")
    assert ChangeZone(name="x").countries is UNSET
    with pytest.raises(InvalidZone):
        await office.container.change_zone()(Actor.system(), zone.id, ChangeZone(countries=["IN", "LK"]))
    assert (await office.container.queries().zone(zone.id)).countries == ["IN"]


async def test_removal_starts_at_the_leaves(office):
    zone, method, rate = await build(office)
    box = office.container
    with pytest.raises(ZoneInUse):
        await box.remove_zone()(Actor.system(), zone.id)
    with pytest.raises(MethodInUse):
        await box.remove_method()(Actor.system(), method.id)
    await box.remove_rate()(Actor.system(), rate.id)
    await box.remove_method()(Actor.system(), method.id)
    await box.remove_zone()(Actor.system(), zone.id)
    assert await box.api().options(parcel()) == []


async def test_unknown_ids(office):
    queries = office.container.queries()
    with pytest.raises(ZoneNotFound):
        await queries.zone(new_id())
    with pytest.raises(MethodNotFound):
        await queries.method(new_id())
    with pytest.raises(RateNotFound):
        await queries.rate(new_id())
    with pytest.raises(ZoneNotFound):
        await office.container.change_zone()(Actor.system(), new_id(), ChangeZone(name="x"))


async def test_pages_follow_each_other(office):
    for number in range(5):
        await office.container.create_zone()(Actor.system(), CreateZone(name=f"Zone {number}"))
    queries = office.container.queries()
    first = await queries.zones(None, 2)
    second = await queries.zones(first.next, 2)
    third = await queries.zones(second.next, 2)
    assert [view.name for page in (first, second, third) for view in page.items] == [f"Zone {n}" for n in range(5)]
    assert third.next is None
    with pytest.raises(InvalidCursor):
        await queries.zones(encode_cursor("no id"), 2)


async def test_pages_of_one_parent(office):
    zone, method, rate = await build(office)
    queries = office.container.queries()
    assert [view.id for view in (await queries.methods(None, 9, zone.id)).items] == [method.id]
    assert (await queries.methods(None, 9, new_id())).items == []
    assert [view.id for view in (await queries.rates(None, 9, method.id)).items] == [rate.id]
    assert [view.id for view in (await queries.rates(None, 9)).items] == [rate.id]


async def test_seed_twice_at_once_then_again(office):
    seed = office.container.seed_shipping()
    made = await asyncio.gather(seed(), seed())
    assert sum(made) == 4
    assert await seed() == 0
    for country in ("IN", "US", "DE", "BR"):
        for currency in ("USD", "INR", "EUR"):
            options = await office.container.api().options(Parcel(country, "1", Money(10_00, currency), 100))
            assert [option.code for option in options] == ["standard", "express"]


async def test_seed_leaves_what_staff_changed(office):
    seed = office.container.seed_shipping()
    await seed()
    zone = next(view for view in (await office.container.queries().zones(None, 9)).items if view.name == "India")
    await office.container.change_zone()(Actor.system(), zone.id, ChangeZone(countries=["IN", "NP"]))
    await seed()
    assert (await office.container.queries().zone(zone.id)).countries == ["IN", "NP"]
