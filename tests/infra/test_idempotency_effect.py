"""An effect that was committed never happens again under the same key, whatever became of its answer."""

import asyncio
from datetime import timedelta

import pytest

from merx.infra.idempotency.answers import Key
from merx.infra.idempotency.errors import AnswerLost, StillRunning
from merx.infra.idempotency.http import idempotent
from merx.infra.idempotency.memory import KEYS, MemoryIdempotency, StoredKey
from merx.infra.idempotency.postgres import PostgresIdempotency
from merx.infra.idempotency.store import CLAIM, IdempotencyStore, Reply
from merx.infra.postgres import compiled
from merx.kernel.errors import KeyReused, RateLimited, Unavailable
from merx.kernel.ids import new_id
from tests.support.shelf import Shelf, Storage

KEY = Key("staff:1", "MakeShelf", "k1", b"body")
DONE = Reply(201, b"{}")


@pytest.fixture
def store(storage: Storage) -> IdempotencyStore:
    if storage.store is not None:
        return MemoryIdempotency(storage.store)
    assert storage.database is not None
    return PostgresIdempotency(storage.database)


async def later(storage: Storage, by: timedelta) -> None:
    """As if everything had been written so long ago."""
    if storage.store is not None:
        row: StoredKey
        for row in storage.store.table(KEYS).values():
            row.expires_at -= by
            if row.noted_at is not None:
                row.noted_at -= by
        return
    assert storage.database is not None
    statement = compiled("update platform.idempotency_key set expires_at = expires_at - cast(:by as interval)")
    await storage.database.reader.execute(statement, by=by)


async def shelves(storage: Storage) -> int:
    if storage.store is not None:
        return len(storage.store.table("toy.shelf"))
    assert storage.database is not None
    return int(await storage.database.reader.fetchval(compiled("select count(*) from toy.shelf")))


class Maker:
    """Makes a shelf, and then perhaps does not live to answer."""

    def __init__(self, storage: Storage, dies: BaseException | None = None) -> None:
        self._storage = storage
        self._dies = dies
        self.aside = False

    async def __call__(self) -> Reply:
        if self.aside:
            await asyncio.create_task(self._make())
        else:
            await self._make()
        if self._dies is not None:
            raise self._dies
        return DONE

    async def _make(self) -> None:
        async with self._storage.uow() as uow:
            await uow.shelves.add(Shelf(id=new_id(), name=str(new_id())))
            await uow.commit()


@pytest.mark.parametrize("error", [Unavailable("the answer of the commit was lost"), asyncio.CancelledError()])
async def test_an_effect_whose_answer_was_lost_is_not_repeated(
    store: IdempotencyStore, storage: Storage, error: BaseException
) -> None:
    with pytest.raises(type(error)):
        await idempotent(store, KEY, Maker(storage, error))
    make = Maker(storage)
    with pytest.raises(StillRunning):
        await idempotent(store, KEY, make)
    await later(storage, CLAIM)
    for _ in range(2):
        with pytest.raises(AnswerLost):
            await idempotent(store, KEY, make)
    with pytest.raises(KeyReused):
        await idempotent(store, Key(KEY.principal, KEY.route, KEY.key, b"other"), make)
    assert await shelves(storage) == 1
    await later(storage, timedelta(hours=24))
    assert await idempotent(store, KEY, make) == (DONE, False)


async def test_a_process_that_dies_between_effect_and_answer_leaves_the_effect_noted(
    store: IdempotencyStore, storage: Storage
) -> None:
    """Nobody abandons the claim: there is nobody."""
    begun = await store.begin(KEY)
    async with storage.uow() as uow:
        await uow.shelves.add(Shelf(id=new_id(), name="A"))
        await store.note(uow.tx, KEY, begun)
        await uow.commit()
    await later(storage, CLAIM)
    with pytest.raises(AnswerLost):
        await idempotent(store, KEY, Maker(storage))
    assert await shelves(storage) == 1


async def test_an_effect_that_nobody_notes_happens_twice(store: IdempotencyStore, storage: Storage) -> None:
    """The control: without the note in its transaction the same request makes a second shelf."""
    naive = Maker(storage, Unavailable("the answer of the commit was lost"))
    naive.aside = True
    with pytest.raises(Unavailable):
        await idempotent(store, KEY, naive)
    assert await idempotent(store, KEY, Maker(storage)) == (DONE, False)
    assert await shelves(storage) == 2


async def test_a_refusal_that_is_written_down_is_no_effect(store: IdempotencyStore, storage: Storage) -> None:
    with pytest.raises(RateLimited):
        await idempotent(store, KEY, Maker(storage, RateLimited("this is on record")))
    assert await idempotent(store, KEY, Maker(storage)) == (DONE, False)
    assert await idempotent(store, KEY, Maker(storage)) == (DONE, True)


async def test_what_was_undone_is_not_noted(store: IdempotencyStore, storage: Storage) -> None:
    async def undone() -> Reply:
        async with storage.uow() as uow:
            await uow.shelves.add(Shelf(id=new_id(), name="A"))
            raise Unavailable
        return DONE

    with pytest.raises(Unavailable):
        await idempotent(store, KEY, undone)
    assert await idempotent(store, KEY, Maker(storage)) == (DONE, False)
    assert await shelves(storage) == 1


async def test_the_answer_is_kept_after_several_transactions(store: IdempotencyStore, storage: Storage) -> None:
    make = Maker(storage)

    async def twice() -> Reply:
        await make()
        return await make()

    assert await idempotent(store, KEY, twice) == (DONE, False)
    assert await idempotent(store, KEY, twice) == (DONE, True)
    assert await shelves(storage) == 2


async def test_who_lost_the_claim_commits_nothing(store: IdempotencyStore, storage: Storage) -> None:
    """It was stopped for longer than its claim, and somebody else has done it meanwhile."""
    successor = Maker(storage)

    async def stopped() -> Reply:
        await later(storage, CLAIM)
        assert await asyncio.create_task(idempotent(store, KEY, successor)) == (DONE, False)
        return await Maker(storage)()

    with pytest.raises(StillRunning):
        await idempotent(store, KEY, stopped)
    assert await shelves(storage) == 1
    assert await idempotent(store, KEY, successor) == (DONE, True)


async def test_an_answer_that_cannot_be_kept_is_given(store: IdempotencyStore, storage: Storage) -> None:
    class Forgetful:
        begin, note, abandon, prune = store.begin, store.note, store.abandon, store.prune

        async def complete(self, *_: object) -> None:
            raise Unavailable

    assert await idempotent(Forgetful(), KEY, Maker(storage)) == (DONE, False)
    with pytest.raises(StillRunning):
        await idempotent(store, KEY, Maker(storage))
    assert await shelves(storage) == 1
