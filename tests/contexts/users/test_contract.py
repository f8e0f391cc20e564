"""The same promises on memory and on PostgreSQL."""

import asyncio
from datetime import date
from uuid import UUID

import pytest
from dependency_injector import providers

from merx.contexts.users.adapters.postgres import PostgresUsersUow
from merx.contexts.users.adapters.postgres.uow import PostgresAddresses, PostgresProfiles
from merx.contexts.users.domain.errors import AddressBookFull, AddressNotFound, DefaultTaken, ProfileNotFound
from merx.contexts.users.domain.profile import Profile
from merx.contexts.users.domain.saved_address import MAX_ADDRESSES, SavedAddress
from merx.contexts.users.usecases.address_book import ChangeAddress
from merx.contexts.users.usecases.profiles import ChangeProfile
from merx.infra.postgres import PostgresTx
from merx.kernel.errors import StaleVersion
from merx.kernel.ids import moment_of, new_id
from tests.contexts.users.conftest import HOME, OFFICE, Town
from tests.support.customers import customer


async def test_a_registration_makes_a_profile(town: Town):
    account_id = await town.person("Ada@Example.com")
    profile = await town.users.queries().profile(account_id)
    assert (profile.email, profile.email_key, profile.name) == ("Ada@Example.com", "ada@example.com", "Ada")
    assert (profile.kind, profile.version, profile.registered_at) == ("customer", 1, town.clock.now())


async def test_nobody_waits_for_the_news_and_the_news_changes_nothing(town: Town):
    account_id = await town.account()
    me = await town.users.read_me()(account_id)
    assert (me.id, me.version, me.name) == (account_id, 1, "Ada")
    await town.users.change_profile()(customer(account_id), account_id, ChangeProfile(name="Countess"), 1)
    await town.tell()
    assert (await town.users.read_me()(account_id)).name == "Countess"
    stored = await town.users.queries().profile(account_id)
    assert stored.registered_at == moment_of(account_id)


async def test_everything_of_a_profile_is_kept(town: Town):
    account_id = await town.person()
    change = ChangeProfile(name="Ada Byron", phone="+1 415 555 0100", locale="en-GB", birthday=date(1990, 12, 10))
    changed = await town.users.change_profile()(customer(account_id), account_id, change)
    assert changed == await town.users.read_me()(account_id)
    assert (changed.name, changed.phone, changed.locale, changed.birthday, changed.version) == (
        "Ada Byron",
        "+14155550100",
        "en-GB",
        date(1990, 12, 10),
        2,
    )
    cleared = await town.users.change_profile()(
        customer(account_id), account_id, ChangeProfile(phone="", locale=None, birthday=None)
    )
    assert (cleared.phone, cleared.locale, cleared.birthday, cleared.name) == ("", None, None, "Ada Byron")
    with pytest.raises(StaleVersion):
        await town.users.change_profile()(customer(account_id), account_id, ChangeProfile(name="X"), 2)


async def test_mail_greets_people_with_the_name_that_they_chose(town: Town):
    account_id = await town.person()
    await town.users.change_profile()(customer(account_id), account_id, ChangeProfile(name="Countess"))
    await town.tell()
    assert (await town.app.contexts.identity.api().account(account_id)).name == "Countess"


async def test_there_is_no_profile_without_an_account(town: Town):
    for nobody in (new_id(), None):
        with pytest.raises(ProfileNotFound):
            await town.users.read_me()(nobody)
        with pytest.raises(ProfileNotFound):
            await town.users.change_profile()(customer(nobody), nobody, ChangeProfile(name="X"))


async def test_the_first_address_is_the_default_of_both_uses(town: Town):
    ada = await town.person()
    home = await town.save(ada, label="Home")
    assert (home.default_shipping, home.default_billing, home.label, home.version) == (True, True, "Home", 1)
    office = await town.save(ada, OFFICE)
    assert (office.default_shipping, office.default_billing) == (False, False)
    assert (office.address.postal_code, office.address.region) == ("560001", "Karnataka")
    assert [each.id for each in await town.book(ada)] == [home.id, office.id]


async def test_a_new_default_takes_the_place_of_the_old_one(town: Town):
    ada = await town.person()
    home, office = await town.save(ada), await town.save(ada, OFFICE, default_billing=True)
    shown = await town.book(ada)
    assert [(each.default_shipping, each.default_billing) for each in shown] == [(True, False), (False, True)]
    assert [each.version for each in shown] == [2, 1]
    await town.users.change_address()(customer(ada), ada, office.id, ChangeAddress(default_shipping=True), 1)
    assert [each.default_shipping for each in await town.book(ada)] == [False, True]
    with pytest.raises(StaleVersion):
        await town.users.change_address()(customer(ada), ada, home.id, ChangeAddress(label="Old"), 1)
    await town.users.change_address()(customer(ada), ada, office.id, ChangeAddress(default_shipping=False))
    assert [each.default_shipping for each in await town.book(ada)] == [False, False]


async def test_storage_refuses_a_second_default(town: Town):
    """Not the use case: whoever writes past it meets the index."""
    ada = await town.person()
    await town.save(ada)
    for use in ("default_shipping", "default_billing"):
        second = SavedAddress(id=new_id(), account_id=ada, address=OFFICE, created_at=town.clock.now(), **{use: True})
        async with town.users.uow() as uow:
            with pytest.raises(DefaultTaken):
                await uow.addresses.add(second)


async def test_books_are_apart(town: Town):
    ada, bob = await town.person(), await town.person("bob@example.com", "Bob")
    home = await town.save(ada)
    assert (await town.save(bob)).default_shipping is True
    assert [each.default_shipping for each in await town.book(ada)] == [True]
    with pytest.raises(AddressNotFound):
        await town.users.read_addresses().one(bob, home.id)
    with pytest.raises(AddressNotFound):
        await town.users.change_address()(customer(bob), bob, home.id, ChangeAddress(label="Mine"))
    with pytest.raises(AddressNotFound):
        await town.users.remove_address()(customer(bob), bob, home.id)
    assert (await town.users.read_addresses().one(ada, home.id)).label == ""


async def test_an_address_goes(town: Town):
    ada = await town.person()
    home = await town.save(ada)
    with pytest.raises(StaleVersion):
        await town.users.remove_address()(customer(ada), ada, home.id, 7)
    await town.users.remove_address()(customer(ada), ada, home.id, 1)
    assert await town.book(ada) == []
    with pytest.raises(AddressNotFound):
        await town.users.remove_address()(customer(ada), ada, home.id)


async def test_a_book_has_an_end_and_pages(town: Town):
    ada = await town.person()
    made = [(await town.save(ada)).id for _ in range(MAX_ADDRESSES)]
    with pytest.raises(AddressBookFull):
        await town.save(ada)
    first = await town.users.read_addresses()(ada, None, 30)
    rest = await town.users.read_addresses()(ada, first.next, 30)
    assert [each.id for each in (*first.items, *rest.items)] == made
    assert rest.next is None


@pytest.mark.services
async def test_many_devices_at_once_keep_one_default_and_the_limit(postgres_town: Town):
    town = postgres_town
    ada = await town.person()
    for _ in range(MAX_ADDRESSES - 3):
        await town.save(ada)
    answers = await asyncio.gather(
        *(town.save(ada, HOME, default_shipping=True, default_billing=True) for _ in range(8)), return_exceptions=True
    )
    assert sum(isinstance(each, AddressBookFull) for each in answers) == 5
    book = await town.book(ada)
    assert len(book) == MAX_ADDRESSES
    assert sum(each.default_shipping for each in book) == sum(each.default_billing for each in book) == 1


@pytest.mark.services
async def test_negative_control_without_the_lock_a_book_gets_too_many(postgres_town: Town):
    class Unlocked(PostgresProfiles):
        async def locked(self, account_id: UUID) -> Profile:
            return await self.get(account_id)

    class Slow(PostgresAddresses):
        async def count(self, account_id: UUID) -> int:
            found = await super().count(account_id)
            await asyncio.sleep(0.05)
            return found

    class Careless(PostgresUsersUow):
        def open(self, tx: PostgresTx) -> None:
            super().open(tx)
            self.profiles, self.addresses = Unlocked(tx), Slow(tx)

    town, infra = postgres_town, postgres_town.app.infra
    ada = await town.person()
    for _ in range(MAX_ADDRESSES - 3):
        await town.save(ada)
    town.users.uow.override(providers.Factory(Careless, infra.database(), infra.outbox()))
    town.users.save_address.reset()
    await asyncio.gather(*(town.save(ada) for _ in range(8)), return_exceptions=True)
    assert len(await town.book(ada)) > MAX_ADDRESSES


@pytest.mark.services
async def test_changes_in_one_moment_wait_for_each_other(postgres_town: Town):
    """Nobody named a version, so nobody is told that it is old: what was read before the lock is read again then."""
    ada = await postgres_town.person()
    change = postgres_town.users.change_profile()
    changes = [ChangeProfile(name="Ada L."), ChangeProfile(phone="+14155550123"), ChangeProfile(locale="en-IN")]
    await asyncio.gather(*(change(customer(ada), ada, each) for each in changes * 2))
    profile = await postgres_town.users.queries().profile(ada)
    assert (profile.name, profile.phone, profile.locale) == ("Ada L.", "+14155550123", "en-IN")
    assert profile.version == 7
