"""What is decided when two come in one moment: an erasure and its calling off, two workers, and asking twice.

Each has a careless variant beside it that shows the fault.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from merx.contexts.identity.domain.account import AccountKind
from merx.contexts.privacy.adapters.postgres import PostgresPrivacyUow
from merx.contexts.privacy.adapters.postgres.uow import PostgresErasures
from merx.contexts.privacy.domain.erasure import Erasure, ErasureState
from merx.contexts.privacy.domain.errors import InvalidErasureCode, TooLate
from merx.contexts.privacy.events import ErasureDue
from merx.contexts.privacy.usecases.ask_erasure import (
    AskErasureHandler,
    CancelErasureHandler,
    ConfirmErasure,
    ConfirmErasureHandler,
    EraseMe,
)
from merx.contexts.privacy.usecases.erase import EraseHandler
from merx.infra.postgres import PostgresTx, compiled
from merx.kernel.actor import Actor
from merx.kernel.personal_data import Subject
from tests.contexts.privacy.conftest import CANARY, PASSWORD, Shop
from tests.contexts.privacy.racing import Gate, Together, actor_of
from tests.contexts.privacy.test_states import DUE, newest
from tests.support.at_once import Meeting, at_once, connected

ROUNDS = 8


def eraser(
    shop: Shop, kind: type[EraseHandler] = EraseHandler, gate: Gate | None = None, uow: Any = None
) -> EraseHandler:
    whole: EraseHandler = shop.app.contexts.privacy.erase()
    parts = [*whole.parts, gate] if gate else whole.parts
    return kind(uow or whole.uow, parts, whole.accounts, whole.files, whole.clock, whole.token_life)


class Hasty(EraseHandler):
    """What was seen at first counts: it closes without a second look under the lock."""

    async def _close(self, erasure: Erasure) -> None:
        await self._matters(await self._subject(erasure))
        async with self.uow() as uow:
            locked = await uow.erasures.locked(erasure.id)
            locked.close(self.clock.now())
            await uow.erasures.save(locked)
            await uow.commit()
        await self._close_account(erasure)


async def overtaken(shop: Shop, kind: type[EraseHandler]) -> int:
    """A worker has seen that the time is over when the person calls it off: how signing in goes after that."""
    person = await shop.register(CANARY)
    await shop.ask_erasure(person)
    due = ErasureDue(at=shop.clock.now(), erasure_id=(await newest(shop, person)).id)
    shop.clock.advance(timedelta(days=shop.app.settings.erasure_days))
    await shop.sign_in(person)
    gate = Gate()
    work = asyncio.create_task(eraser(shop, kind, gate)(due))
    await gate.reached.wait()
    await shop.call("DELETE", "/users/me/erase", None, person.headers)
    gate.open.set()
    await work
    await shop.settle()
    login = {"email": person.email, "password": PASSWORD}
    return (await shop.send("POST", "/auth/login", login)).status


async def test_s37_called_off_is_called_off_whatever_a_worker_has_seen_before(shop: Shop):
    assert await overtaken(shop, EraseHandler) == 200


async def test_negative_control_without_a_second_look_the_account_is_closed_all_the_same(shop: Shop):
    assert await overtaken(shop, Hasty) == 401


class Overwriting(EraseHandler):
    """Whoever comes last says who it is."""

    async def _begin(self, erasure: Erasure) -> Subject | None:
        subject = await self._subject(erasure)
        await self._matters(subject)
        async with self.uow() as uow:
            locked = await uow.erasures.locked(erasure.id)
            locked.erase(subject, self.clock.now())
            await uow.erasures.save(locked)
            await uow.commit()
        return subject


async def told_twice(shop: Shop, kind: type[EraseHandler]) -> int:
    """One worker stands still where another one does it all: how often it is said to be done."""
    person = await shop.register(CANARY)
    await shop.ask_erasure(person)
    due = ErasureDue(at=shop.clock.now(), erasure_id=(await newest(shop, person)).id)
    shop.clock.advance(timedelta(days=shop.app.settings.erasure_days))
    await shop.job(DUE)
    shop.clock.advance(timedelta(hours=1))
    gate = Gate()
    slow = asyncio.create_task(eraser(shop, kind, gate)(due))
    await gate.reached.wait()
    await eraser(shop, kind)(due)
    gate.open.set()
    await slow
    async with shop.app.contexts.privacy.uow() as uow:
        left = await uow.erasures.get(due.erasure_id)
    assert (left.state, left.subject, left.email) == (ErasureState.done, None, "")
    trail = await shop.call("GET", "/audit?action=privacy.person-erased")
    return len(trail["items"])


async def test_s37_two_workers_forget_a_person_once(shop: Shop):
    assert await told_twice(shop, EraseHandler) == 1


async def test_negative_control_a_worker_that_does_not_look_again_writes_the_person_down_again(shop: Shop):
    assert await told_twice(shop, Overwriting) == 2


class NaiveErasures(PostgresErasures):
    """Looks, waits until others have looked too, and writes what it thought."""

    def __init__(self, tx: PostgresTx, meeting: Meeting) -> None:
        super().__init__(tx)
        self._meeting = meeting

    async def locked(self, id: UUID) -> Erasure:
        found = await self.get(id)
        await self._meeting.wait()
        return found

    async def open_of(self, account_id: UUID) -> Erasure | None:
        row = await self._tx.fetchrow(
            compiled("select id from privacy.erasure where account_id = :account_id and state <> 'cancelled'"),
            account_id=account_id,
        )
        return None if row is None else await self.locked(row[0])

    async def save(self, entity: Erasure) -> None:
        await self._tx.execute(
            compiled("update privacy.erasure set state = :state, due_at = :due_at where id = :erasure_id"),
            state=entity.state.value,
            due_at=entity.due_at,
            erasure_id=entity.id,
        )


def naive(shop: Shop, meeting: Meeting) -> Callable[[], Any]:
    infra = shop.app.infra

    class NaiveUow(PostgresPrivacyUow):
        def open(self, tx: PostgresTx) -> None:
            super().open(tx)
            self.erasures = NaiveErasures(tx, meeting)

    return lambda: NaiveUow(infra.database(), infra.outbox())


async def called_off_and_due(shop: Shop, meeting: Meeting | None = None) -> set[tuple[str, bool]]:
    """In one moment, some times: what the person was told, and whether the account is open."""
    privacy, found, uow = shop.app.contexts.privacy, set(), naive(shop, meeting) if meeting else None
    whole: CancelErasureHandler = privacy.cancel_erasure()
    cancel = CancelErasureHandler(uow or whole.uow, whole.accounts, whole.clock)
    await connected(privacy.uow, 2)
    for number in range(1 if meeting else ROUNDS):
        account_id = await shop.app.contexts.identity.ensure_account()(
            f"{number}@example.com", "Nora", AccountKind.customer, (), PASSWORD
        )
        erasure = Erasure.order(account_id, f"{number}@example.com", "1", shop.clock.now(), timedelta())
        async with privacy.uow() as open_uow:
            await open_uow.erasures.add(erasure)
            await open_uow.commit()
        due = ErasureDue(at=shop.clock.now(), erasure_id=erasure.id)
        if meeting:
            meeting.of(2)
        told, _ = await at_once(cancel(Actor.system(), account_id), eraser(shop, uow=uow)(due))
        person = await whole.accounts.person(account_id)
        found.add((type(told).__name__, person is not None))
    return found


AGREED = {("NoneType", True), (TooLate.__name__, False)}


@pytest.mark.services
async def test_s37_an_erasure_and_its_calling_off_in_one_moment_have_one_outcome(postgres_shop: Shop):
    assert await called_off_and_due(postgres_shop) <= AGREED


@pytest.mark.services
async def test_negative_control_without_locks_somebody_is_told_that_it_is_off_and_is_shut_out(postgres_shop: Shop):
    assert await called_off_and_due(postgres_shop, Meeting()) == {("NoneType", False)}


async def confirmed_at_once(shop: Shop, meeting: Meeting | None = None) -> list[str]:
    person = await shop.register(CANARY)
    await shop.call("POST", "/users/me/erase", {"password": PASSWORD}, person.headers)
    await shop.settle()
    command = ConfirmErasure(code=shop.code("Confirm that we shall forget you"))
    whole: ConfirmErasureHandler = shop.app.contexts.privacy.confirm_erasure()
    uow = whole.uow
    if meeting:
        meeting.of(6)
        uow = naive(shop, meeting)
    await connected(whole.uow, 6)
    parts = [*whole.parts, Together(6)]
    confirm = ConfirmErasureHandler(uow, parts, whole.accounts, whole.codes, whole.clock, whole.days)
    found = await at_once(*(confirm(actor_of(person), command) for _ in range(6)))
    return [type(each).__name__ for each in found if not isinstance(each, InvalidErasureCode)]


@pytest.mark.services
async def test_s06_a_code_that_is_sent_six_times_at_once_confirms_once(postgres_shop: Shop):
    assert await confirmed_at_once(postgres_shop) == ["NoneType"]


@pytest.mark.services
async def test_negative_control_without_locks_the_code_confirms_more_often(postgres_shop: Shop):
    assert len(await confirmed_at_once(postgres_shop, Meeting())) > 1


async def asked_at_once(shop: Shop) -> tuple[int, int]:
    """How many erasures of the person are open, and how many codes may confirm one."""
    person = await shop.register(CANARY)
    whole, actor = shop.app.contexts.privacy.ask_erasure(), actor_of(person)
    ask = AskErasureHandler(whole.uow, [*whole.parts, Together(4)], whole.accounts, whole.clock)
    await connected(whole.uow, 4)
    await at_once(*(ask(actor, EraseMe(password=PASSWORD)) for _ in range(4)))
    async with shop.app.contexts.privacy.uow() as uow:
        rows = await uow.tx.fetch(compiled("select count(*) from privacy.erasure where state = 'asked'"))
    return int(rows[0][0]), len(await shop.app.infra.deliveries().dead())


@pytest.mark.services
async def test_s06_asked_for_four_times_at_once_one_code_is_good(postgres_shop: Shop):
    assert await asked_at_once(postgres_shop) == (1, 0)


@pytest.mark.services
async def test_negative_control_without_the_index_several_codes_are_good(postgres_shop: Shop, owner_url: str):
    owner = await asyncpg.connect(owner_url)
    await owner.execute("drop index privacy.uq_erasure_open_account_id")
    await owner.close()
    good, _ = await asked_at_once(postgres_shop)
    assert good > 1
