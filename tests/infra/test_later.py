"""Writes that wait for each other, and go to the server as one statement."""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from merx.infra.outbox.events import Subscriber
from merx.infra.postgres import Database, Write, compiled
from merx.infra.postgres.later import Filled
from merx.infra.settings import Settings
from merx.kernel.errors import Busy, Conflict
from merx.kernel.ids import new_id
from tests.support.shelf import Shelf, Shelved, Storage, postgres_storage, shelved

pytestmark = pytest.mark.services

_SHELVES = Write(
    """
    shelves as (
        insert into toy.shelf (id, version, name, price_amount, price_currency, label)
        select x.id, 1, x.name, 0, 'USD', '{"text": ""}'
          from unnest(cast(:ids as uuid[]), cast(:names as text[])) as x(id, name))
    """
)
_BOOKS = Write(
    """
    books as (
        insert into toy.book (id, shelf_id, position, title)
        select x.id, :shelf_id, 1, x.title from unnest(cast(:ids as uuid[]), cast(:titles as text[])) as x(id, title)
        on conflict (id) do nothing
        returning 1)
    """,
    counted="books",
)
_NAMES = compiled("select name from toy.shelf order by name")
_TITLES = compiled("select title from toy.book order by title")
_TAKEN = Conflict("taken")


@pytest.fixture
async def storage(owner_url: str) -> AsyncIterator[Storage]:
    # It makes tables.
    database = Database(Settings(database_url=owner_url))
    yield await postgres_storage(database)
    await database.close()


def shelves(*names: str, first: UUID | None = None) -> Filled:
    return _SHELVES.filled(ids=[first or new_id(), *(new_id() for _ in names[1:])], names=list(names))


def books(shelf_id: UUID, ids: list[UUID], titles: list[str]) -> Filled:
    return _BOOKS.filled(ids=ids, shelf_id=shelf_id, titles=titles)


async def kept(storage: Storage) -> tuple[list[str], list[str]]:
    async with storage.uow() as uow:
        found = [[row[0] for row in await uow.tx.fetch(statement)] for statement in (_NAMES, _TITLES)]
    return found[0], found[1]


async def test_all_go_in_one_statement_with_the_events(storage: Storage):
    storage.registry.add(Subscriber("toy.hear", Shelved, None))
    shelf_id, sent = new_id(), []
    async with storage.uow() as uow:
        uow.tx.driver.add_query_logger(lambda query: sent.append(query.query))
        uow.tx.later(shelves("A", "B", first=shelf_id))
        uow.tx.later(books(shelf_id, [new_id(), new_id()], ["C", "D"]), rows=2, short=_TAKEN)
        uow.emit(*shelved(["A"]))
        assert sent == []
        await uow.commit()
    # The driver asks for types that it has not met.
    writes = [query for query in sent if "insert" in query]
    assert len(writes) == 1
    assert all(table in writes[0] for table in ("toy.shelf", "toy.book", "outbox_event", "outbox_delivery"))
    assert await kept(storage) == (["A", "B"], ["C", "D"])
    assert await storage.events() == ["toy.shelved.v1"]


async def test_what_is_asked_afterwards_sees_them(storage: Storage):
    async with storage.uow() as uow:
        uow.tx.later(shelves("A"))
        assert [row[0] for row in await uow.tx.fetch(_NAMES)] == ["A"]
        uow.tx.later(shelves("B"))
        assert await uow.tx.execute(compiled("update toy.shelf set version = 2")) == 2
        uow.tx.later(shelves("C"))
        assert await uow.tx.fetchval(compiled("select count(*) from toy.shelf")) == 3
        uow.tx.later(shelves("D"))
        assert await uow.tx.fetchrow(compiled("select name from toy.shelf where name = 'D'")) is not None
        await uow.commit()
    assert (await kept(storage))[0] == ["A", "B", "C", "D"]


async def test_who_does_not_commit_has_written_nothing(storage: Storage):
    async with storage.uow() as uow:
        uow.tx.later(shelves("A"))
    assert await kept(storage) == ([], [])


async def test_the_orm_would_not_see_them(storage: Storage):
    async with storage.uow() as uow:
        uow.tx.later(shelves("A"))
        with pytest.raises(RuntimeError, match="wait to be sent"):
            await uow.shelves.add(Shelf(id=new_id(), name="B"))


async def test_a_violated_constraint_is_what_its_write_says(storage: Storage):
    async with storage.uow() as uow:
        uow.tx.later(shelves("A"))
        await uow.commit()
    for refused, raised in (({"uq_shelf_name": _TAKEN}, Conflict), ({}, asyncpg.UniqueViolationError)):
        async with storage.uow() as uow:
            uow.tx.later(shelves("B"))
            uow.tx.later(books(new_id(), [], []))
            with pytest.raises(raised):
                await again(uow, refused)
    assert await kept(storage) == (["A"], [])


async def again(uow, refused):
    """A name that is there, in a statement of its own: no two writes of one statement have the same name."""
    await uow.tx.fetchval(compiled("select 1"))
    uow.tx.later(shelves("A"), refused=refused)
    await uow.commit()


async def test_a_write_that_wrote_too_little_undoes_all(storage: Storage):
    shelf_id, book = new_id(), new_id()
    for ids, wanted, short in (([book], 1, False), ([book, new_id()], 2, True), ([book, new_id()], 1, False)):
        async with storage.uow() as uow:
            uow.tx.later(shelves(f"shelf of {len(ids)} {wanted}", first=shelf_id if len(ids) == 1 else None))
            uow.tx.later(books(shelf_id, ids, ["B"] * len(ids)), rows=wanted, short=_TAKEN)
            if short:
                with pytest.raises(Conflict):
                    await uow.commit()
            else:
                await uow.commit()
    assert await kept(storage) == (["shelf of 1 1", "shelf of 2 1"], ["B", "B"])


async def test_nothing_is_taken_when_it_is_over(storage: Storage):
    """Nobody would send it."""
    async with storage.uow() as uow:
        tx = uow.tx
        await uow.commit()
        with pytest.raises(RuntimeError, match="is over"):
            tx.later(shelves("A"))
    with pytest.raises(RuntimeError, match="is over"):
        tx.later(shelves("A"))


async def test_what_wrote_too_little_cannot_be_committed_afterwards(storage: Storage):
    shelf_id, book = new_id(), new_id()
    async with storage.uow() as uow:
        uow.tx.later(shelves("A", first=shelf_id))
        uow.tx.later(books(shelf_id, [book], ["B"]), rows=2, short=_TAKEN)
        with pytest.raises(Conflict):
            await uow.tx.fetch(_NAMES)
        with pytest.raises(RuntimeError, match="is missing"):
            await uow.commit()
    assert await kept(storage) == ([], [])


async def test_what_is_in_the_way_for_a_moment_is_busy(storage: Storage):
    async with storage.uow() as one, storage.uow() as other:
        await one.tx.execute(compiled("lock table toy.shelf in exclusive mode"))
        await other.tx.execute(compiled("set local lock_timeout = '50ms'"))
        other.tx.later(shelves("A"))
        with pytest.raises(Busy):
            await other.commit()
