"""The same request sent twice has one effect and one answer, on every storage."""

import asyncio
import hashlib

import msgspec
import pytest

from merx.infra.idempotency.answers import AnswerStore, Key, KeyTaken, MemoryAnswers, PostgresAnswers
from merx.infra.idempotency.errors import KeyInvalid, KeyRequired, StillRunning
from merx.infra.idempotency.http import checked_key, idempotent, keyed, principal_of
from merx.infra.idempotency.memory import MemoryIdempotency
from merx.infra.idempotency.postgres import BEGIN, PostgresIdempotency
from merx.infra.idempotency.store import CLAIM, Claimed, IdempotencyStore, Reply
from merx.infra.postgres import Database, compiled
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.errors import KeyReused
from merx.kernel.ids import new_id
from tests.support.shelf import Shelf, Storage

KEY = Key("account:1", "POST /payments", "k1", b"body")
OTHER_BODY = Key("account:1", "POST /payments", "k1", b"other")
DONE = Reply(201, b'{"id": 1}', {"location": "/payments/1"})


@pytest.fixture
def store(storage: Storage) -> IdempotencyStore:
    if storage.store is not None:
        return MemoryIdempotency(storage.store)
    assert storage.database is not None
    return PostgresIdempotency(storage.database)


@pytest.fixture
def answers(storage: Storage) -> AnswerStore:
    return MemoryAnswers() if storage.store is not None else PostgresAnswers()


async def expire(storage: Storage) -> None:
    from datetime import UTC, datetime

    if storage.store is not None:
        for row in storage.store.table("platform.idempotency_key").values():
            row.expires_at = datetime.now(UTC)
        kept = storage.store.table(MemoryAnswers.TABLE)
        kept.update({key: (datetime.now(UTC), answer) for key, (_, answer) in kept.items()})
        return
    assert storage.database is not None
    await storage.database.reader.execute(compiled("update platform.idempotency_key set expires_at = now()"))


async def claimed(store: IdempotencyStore, key: Key = KEY) -> Claimed:
    begun = await store.begin(key)
    assert isinstance(begun, Claimed)
    return begun


async def test_first_claims_then_replays(store: IdempotencyStore) -> None:
    await store.complete(KEY, await claimed(store), DONE)
    assert await store.begin(KEY) == DONE


async def test_the_second_of_two_at_once_is_told_to_wait(store: IdempotencyStore) -> None:
    await claimed(store)
    with pytest.raises(StillRunning):
        await store.begin(KEY)


async def test_one_of_twenty_at_once_gets_the_claim(store: IdempotencyStore) -> None:
    begun = await asyncio.gather(*(store.begin(KEY) for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(one, Claimed) for one in begun) == 1
    assert sum(isinstance(one, StillRunning) for one in begun) == 19


async def test_another_body_is_refused_running_or_done(store: IdempotencyStore) -> None:
    claim = await claimed(store)
    with pytest.raises(KeyReused):
        await store.begin(OTHER_BODY)
    await store.complete(KEY, claim, DONE)
    with pytest.raises(KeyReused):
        await store.begin(OTHER_BODY)


async def test_keys_of_callers_and_routes_are_apart(store: IdempotencyStore) -> None:
    await claimed(store)
    await claimed(store, Key("account:2", KEY.route, KEY.key, b"other"))
    await claimed(store, Key(KEY.principal, "POST /refunds", KEY.key, b"other"))


async def test_an_abandoned_key_is_free(store: IdempotencyStore) -> None:
    await store.abandon(KEY, await claimed(store))
    await claimed(store, OTHER_BODY)


async def test_a_claim_that_ran_out_is_taken_over_and_its_holder_is_deaf(
    store: IdempotencyStore, storage: Storage
) -> None:
    dead = await claimed(store)
    await expire(storage)
    successor = await claimed(store)
    await store.complete(KEY, dead, Reply(500, b"late"))
    await store.abandon(KEY, dead)
    with pytest.raises(StillRunning):
        await store.begin(KEY)
    await store.complete(KEY, successor, DONE)
    assert await store.begin(KEY) == DONE


async def test_expired_replies_are_forgotten_and_pruned(store: IdempotencyStore, storage: Storage) -> None:
    await store.complete(KEY, await claimed(store), DONE)
    assert await store.prune() == 0
    await expire(storage)
    assert await store.prune() == 1
    await claimed(store, OTHER_BODY)


async def test_answers_kept_with_their_effect_are_pruned_too(
    store: IdempotencyStore, answers: AnswerStore, storage: Storage
) -> None:
    async with storage.uow() as uow:
        await answers.keep(uow.tx, [(KEY, 201, b"kept")])
        await uow.commit()
    assert await store.prune() == 0
    await expire(storage)
    assert await store.prune() == 1
    async with storage.uow() as uow:
        assert await answers.find(uow.tx, [KEY]) == [None]


@pytest.mark.services
async def test_a_claim_whose_answer_was_lost_on_the_way_is_still_ours(database: Database) -> None:
    again = {"principal": "a", "route": "b", "key": "c", "fingerprint": b"d", "claim": new_id()}
    for _ in range(2):
        assert await database.reader.execute(BEGIN, **again, claimed_for=CLAIM) == 1
    assert await database.reader.execute(BEGIN, **again | {"claim": new_id()}, claimed_for=CLAIM) == 0


async def test_the_flow_of_a_handler(store: IdempotencyStore) -> None:
    runs: list[int] = []

    async def work() -> Reply:
        runs.append(1)
        return DONE

    async def broken() -> Reply:
        return Reply(502, b"")

    async def raising() -> Reply:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await idempotent(store, KEY, raising)
    assert await idempotent(store, KEY, broken) == (Reply(502, b""), False)
    assert await idempotent(store, KEY, work) == (DONE, False)
    assert await idempotent(store, KEY, work) == (DONE, True)
    assert len(runs) == 1


@pytest.mark.parametrize("header", ["", "x" * 256, "line\nbreak", "nul\0", "ünïcode", "k\r"])
def test_keys_that_are_refused(header: str) -> None:
    with pytest.raises(KeyInvalid):
        checked_key(header)


def test_the_fingerprint_is_of_all_that_the_answer_depends_on() -> None:
    def fingerprint(body: bytes = b"x", query: bytes = b"", if_match: bytes = b"") -> bytes:
        return keyed("k", "anonymous", "route", body, query=query, if_match=if_match).fingerprint

    sent = [(b"x",), (b"y",), (b"x", b"a=1"), (b"x", b"", b"a=1"), (b"x", b"a=2"), (b"x", b"a", b"=1")]
    assert len({fingerprint(*one) for one in sent}) == len(sent)
    assert fingerprint(b"x", b"a=1", b"2") == fingerprint(b"x", b"a=1", b"2")
    # Kept by versions that knew the body alone.
    assert fingerprint() == hashlib.sha256(b"x").digest()


def test_the_key_is_required_and_scoped() -> None:
    with pytest.raises(KeyRequired):
        keyed(None, "anonymous", "POST /payments", b"")
    assert len(checked_key("k" * 255)) == 255
    account, nobody = Actor(kind=ActorKind.customer, account_id=new_id()), Actor.anonymous()
    here, there = (msgspec.structs.replace(nobody, client=address) for address in ("192.0.2.1", "192.0.2.2"))
    principals = {principal_of(each) for each in (account, nobody, here, there)} | {principal_of(here, "token")}
    assert len(principals) == 5
    assert principal_of(here, "token") == principal_of(there, "token")


# Kept in the transaction of the effect


async def test_an_answer_is_kept_if_and_only_if_its_effect_is(storage: Storage, answers: AnswerStore) -> None:
    async with storage.uow() as uow:
        await uow.shelves.add(Shelf(id=new_id(), name="A"))
        await answers.keep(uow.tx, [(KEY, 201, b"lost")])
    async with storage.uow() as uow:
        assert await answers.find(uow.tx, [KEY]) == [None]
        await answers.keep(uow.tx, [(KEY, 201, b"kept")])
        await uow.commit()
    async with storage.uow() as uow:
        first, second, third = await answers.find(uow.tx, [Key("b", "c", "d", b""), OTHER_BODY, KEY])
    assert first is None
    assert second == third
    assert third is not None
    assert (third.status, third.body, third.fingerprint) == (201, b"kept", b"body")


async def test_a_key_answered_meanwhile_undoes_the_batch(storage: Storage, answers: AnswerStore) -> None:
    async def keep(*given: tuple[Key, int, bytes]) -> None:
        async with storage.uow() as uow:
            await answers.keep(uow.tx, given)
            await uow.commit()

    await keep((KEY, 201, b"first"))
    with pytest.raises(KeyTaken):
        await keep((Key("a", "b", "c", b""), 201, b""), (OTHER_BODY, 201, b"second"))
    async with storage.uow() as uow:
        assert await answers.find(uow.tx, [Key("a", "b", "c", b"")]) == [None]


@pytest.mark.services
async def test_two_transactions_with_the_same_keys_in_other_order_have_one_winner(database_url: str) -> None:
    from merx.infra.postgres import Database, PostgresUow
    from merx.infra.settings import Settings

    database = Database(Settings(database_url=database_url))
    keys = [Key("account:1", "POST /orders", f"k{number}", b"") for number in range(50)]

    async def work(mine: list[Key]) -> None:
        async with PostgresUow(database, None) as uow:
            await asyncio.sleep(0.02)
            await PostgresAnswers().keep(uow.tx, [(key, 201, b"") for key in mine])
            await asyncio.sleep(0.02)
            await uow.commit()

    outcomes = await asyncio.gather(*(work(keys[::step]) for step in (1, -1, 1, -1)), return_exceptions=True)
    await database.close()
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["KeyTaken"] * 3 + ["NoneType"]
