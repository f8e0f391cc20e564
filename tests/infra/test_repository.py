"""The promises of the aggregate repository, on every storage."""

import pytest

from merx.kernel.errors import StaleVersion
from merx.kernel.ids import new_id
from merx.kernel.money import Money
from tests.support.shelf import Book, Label, NameTaken, Shelf, ShelfNotFound, Storage


async def added(storage: Storage, name: str = "A", *titles: str) -> Shelf:
    shelf = Shelf(id=new_id(), name=name, books=[Book(title=title) for title in titles])
    async with storage.uow() as uow:
        await uow.shelves.add(shelf)
        await uow.commit()
    return shelf


async def read(storage: Storage, shelf: Shelf) -> Shelf:
    async with storage.uow() as uow:
        found: Shelf = await uow.shelves.get(shelf.id)
        return found


async def test_values_come_back_as_they_went_in(storage: Storage) -> None:
    shelf = Shelf(
        id=new_id(), name="Ünïcode", price=Money(1299, "INR"), label=Label(text="x", colours=("red", "blue")), books=[]
    )
    async with storage.uow() as uow:
        await uow.shelves.add(shelf)
        await uow.commit()
    found = await read(storage, shelf)
    assert (found.name, found.price, found.label, found.books) == (shelf.name, shelf.price, shelf.label, [])
    assert found.version == shelf.version == 1


async def test_what_comes_out_is_a_copy(storage: Storage) -> None:
    shelf = await added(storage, "A", "one")
    async with storage.uow() as uow:
        found = await uow.shelves.get(shelf.id)
        found.name = "changed"
        found.books.append(Book(title="two"))
        await uow.commit()
    again = await read(storage, shelf)
    assert again.name == "A"
    assert [book.title for book in again.books] == ["one"]


async def test_children_keep_their_order(storage: Storage) -> None:
    shelf = await added(storage, "A", "one", "two", "three")
    async with storage.uow() as uow:
        found = await uow.shelves.get(shelf.id)
        assert [book.title for book in found.books] == ["one", "two", "three"]
        found.books = [found.books[2], Book(title="new"), found.books[0]]
        await uow.shelves.save(found)
        await uow.commit()
    again = await read(storage, shelf)
    assert [book.title for book in again.books] == ["three", "new", "one"]
    assert again.version == 2


async def test_a_change_in_a_child_alone_counts_as_a_save(storage: Storage) -> None:
    shelf = await added(storage, "A", "one")
    async with storage.uow() as uow:
        found = await uow.shelves.get(shelf.id)
        found.books[0].title = "uno"
        await uow.shelves.save(found)
        await uow.commit()
    again = await read(storage, shelf)
    assert (again.version, again.books[0].title) == (2, "uno")


async def test_saving_twice_in_one_unit_of_work(storage: Storage) -> None:
    shelf = await added(storage, "A", "one")
    async with storage.uow() as uow:
        found = await uow.shelves.get(shelf.id)
        for name in ("B", "C"):
            found.name = name
            found.books.append(Book(title=name))
            await uow.shelves.save(found)
        await uow.commit()
    again = await read(storage, shelf)
    assert (again.name, again.version) == ("C", 3)
    assert [book.title for book in again.books] == ["one", "B", "C"]


async def test_an_aggregate_just_added_can_be_saved(storage: Storage) -> None:
    shelf = Shelf(id=new_id(), name="A")
    async with storage.uow() as uow:
        await uow.shelves.add(shelf)
        shelf.name = "B"
        await uow.shelves.save(shelf)
        await uow.commit()
    assert (await read(storage, shelf)).name == "B"


async def test_the_second_writer_of_one_version_is_refused(storage: Storage) -> None:
    shelf = await added(storage)
    first, second = await read(storage, shelf), await read(storage, shelf)
    first.name, second.name = "first", "second"
    async with storage.uow() as uow:
        await uow.shelves.save(first)
        await uow.commit()
    async with storage.uow() as uow:
        with pytest.raises(StaleVersion):
            await uow.shelves.save(second)
    assert (await read(storage, shelf)).name == "first"


async def test_a_stale_copy_cannot_remove(storage: Storage) -> None:
    shelf = await added(storage)
    stale = await read(storage, shelf)
    async with storage.uow() as uow:
        fresh = await uow.shelves.get(shelf.id)
        await uow.shelves.save(fresh)
        await uow.commit()
    async with storage.uow() as uow:
        with pytest.raises(StaleVersion):
            await uow.shelves.remove(stale)


@pytest.mark.services
async def test_racing_writers_of_one_version_have_one_winner(owner_url: str) -> None:
    """The version is checked by the UPDATE itself: both read 1 before either writes."""
    from merx.infra.postgres import Database
    from merx.infra.settings import Settings
    from tests.support.shelf import postgres_storage

    database = Database(Settings(database_url=owner_url))
    storage = await postgres_storage(database)
    shelf = await added(storage)
    async with storage.uow() as one:
        mine = await one.shelves.get(shelf.id)
        async with storage.uow() as two:
            theirs = await two.shelves.get(shelf.id)
            theirs.name = "theirs"
            await two.shelves.save(theirs)
            await two.commit()
        mine.name = "mine"
        with pytest.raises(StaleVersion):
            await one.shelves.save(mine)
    assert (await read(storage, shelf)).name == "theirs"
    await database.close()


async def test_a_taken_name_is_the_error_it_means(storage: Storage) -> None:
    shelf = await added(storage, "A")
    other = await added(storage, "B")
    async with storage.uow() as uow:
        with pytest.raises(NameTaken):
            await uow.shelves.add(Shelf(id=new_id(), name="A"))
    async with storage.uow() as uow:
        found = await uow.shelves.get(other.id)
        found.name = "A"
        with pytest.raises(NameTaken):
            await uow.shelves.save(found)
    async with storage.uow() as uow:
        await uow.shelves.remove(await uow.shelves.get(shelf.id))
        await uow.shelves.add(Shelf(id=new_id(), name="A"))
        await uow.commit()


async def test_names_may_change_hands_in_steps(storage: Storage) -> None:
    first, second = await added(storage, "A"), await added(storage, "B")
    async with storage.uow() as uow:
        for shelf, name in ((first, "temporary"), (second, "A"), (first, "B")):
            found = await uow.shelves.get(shelf.id)
            found.name = name
            await uow.shelves.save(found)
        await uow.commit()
    async with storage.uow() as uow:
        with pytest.raises(NameTaken):
            await uow.shelves.add(Shelf(id=new_id(), name="B"))


async def test_missing_and_removed_are_not_found(storage: Storage) -> None:
    shelf = await added(storage, "A", "one")
    async with storage.uow() as uow:
        await uow.shelves.remove(await uow.shelves.get(shelf.id))
        await uow.commit()
    async with storage.uow() as uow:
        with pytest.raises(ShelfNotFound):
            await uow.shelves.get(shelf.id)
        assert await uow.shelves.find([shelf.id, new_id()]) == []


async def test_find_returns_those_that_exist(storage: Storage) -> None:
    first, second = await added(storage, "A"), await added(storage, "B")
    async with storage.uow() as uow:
        found = await uow.shelves.find([first.id, new_id(), second.id])
    assert {shelf.name for shelf in found} == {"A", "B"}
