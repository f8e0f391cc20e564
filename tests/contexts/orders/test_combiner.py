"""The combiner: together when many wait, alone when not, and nobody pays for another's mistake."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from merx.contexts.orders.usecases.combiner import (
    MAX_BATCH,
    MAX_IN_FLIGHT,
    MAX_WAITING,
    PATIENCE,
    SMALL_BATCH,
    Combiner,
)
from merx.kernel.errors import Busy, Unavailable


class Counter:
    """Doubles numbers; refuses 13; a batch with 66 in it fails as a whole unless it is alone."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []

    async def __call__(self, numbers: Sequence[int], decided: Callable[[], None]) -> list[int | Exception]:
        self.batches.append(list(numbers))
        await asyncio.sleep(0.001)
        if 66 in numbers and len(numbers) > 1:
            raise ConnectionError("together it does not work")
        if 666 in numbers:
            raise ConnectionError("it never works")
        if 55 in numbers:
            await asyncio.sleep(0.05)
            raise Busy("somebody holds 55")
        if 503 in numbers:
            raise Unavailable("the database is away")
        return [ValueError("refused") if number == 13 else number * 2 for number in numbers]


async def test_one_alone_does_not_wait():
    run = Counter()
    assert await Combiner(run)(4) == 8
    assert run.batches == [[4]]


async def test_those_that_wait_go_together():
    run = Counter()
    combine = Combiner(run)
    numbers = range(100, 300)
    assert await asyncio.gather(*map(combine, numbers)) == [number * 2 for number in numbers]
    sizes = [len(batch) for batch in run.batches]
    assert max(sizes) == MAX_BATCH
    assert len(sizes) < 10


async def test_a_refusal_is_for_its_caller_alone():
    combine = Combiner(Counter())
    one, two, three = await asyncio.gather(combine(1), combine(13), combine(3), return_exceptions=True)
    assert (one, three) == (2, 6)
    assert isinstance(two, ValueError)


async def test_a_failed_batch_is_tried_one_by_one():
    run = Counter()
    combine = Combiner(run)
    first = asyncio.create_task(combine(1))
    await asyncio.sleep(0)
    answers = await asyncio.gather(combine(66), combine(2), combine(666), return_exceptions=True)
    assert await first == 2
    assert answers[:2] == [132, 4]
    assert isinstance(answers[2], ConnectionError)
    assert [66] in run.batches


async def test_a_caller_that_leaves_takes_nobody_along():
    combine = Combiner(Counter())
    leaving, staying = asyncio.create_task(combine(5)), asyncio.create_task(combine(6))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == 12
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert await combine(7) == 14


async def test_when_the_database_is_away_all_hear_so_after_one_try():
    run = Counter()
    combine = Combiner(run)
    answers = await asyncio.gather(combine(503), combine(2), combine(3), return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable] * 3
    assert run.batches == [[503, 2, 3]]
    # In a batch that is tried one by one it is the same from there on.
    answers = await asyncio.gather(combine(66), combine(2), combine(503), combine(4), return_exceptions=True)
    assert [type(answer) for answer in answers] == [int, int, Unavailable, Unavailable]


async def test_one_by_one_what_somebody_holds_is_waited_for_by_one_alone():
    combine = Combiner(Counter())
    answers = await asyncio.gather(combine(66), combine(2), combine(55), combine(4), return_exceptions=True)
    assert [type(answer) for answer in answers] == [int, int, Busy, int]


@pytest.mark.hurried
async def test_a_whole_batch_waits_for_nobody():
    sizes: list[int] = []
    written = asyncio.Event()

    async def run(numbers: Sequence[int], decided: Callable[[], None]) -> list[int | Exception]:
        sizes.append(len(numbers))
        decided()
        await written.wait()
        return list(numbers)

    combine = Combiner(run)
    tasks = []
    for _ in range(3):
        tasks += [asyncio.create_task(combine(number)) for number in range(2 * MAX_BATCH)]
        await asyncio.sleep(PATIENCE / 100)
    assert sizes == [MAX_BATCH] * MAX_IN_FLIGHT
    written.set()
    await asyncio.gather(*tasks)


async def test_what_one_waits_for_holds_up_nobody_else():
    run = Counter()
    combine = Combiner(run)
    answers = await asyncio.gather(combine(55), combine(2), combine(3), return_exceptions=True)
    assert [type(answer) for answer in answers] == [Busy, int, int]
    assert run.batches[0] == [55, 2, 3]
    assert sorted(run.batches[1:]) == [[2], [3], [55]]
    alone = await asyncio.gather(combine(55), return_exceptions=True)
    assert type(alone[0]) is Busy


async def test_the_next_are_decided_while_others_are_written():
    disk = asyncio.Event()
    deciding: list[int] = []

    async def run(numbers: Sequence[int], decided: Callable[[], None]) -> list[int | Exception]:
        deciding.append(len(numbers))
        await asyncio.sleep(0.001)
        assert len(deciding) == 1, "only one batch is decided at a time"
        deciding.clear()
        decided()
        await disk.wait()
        return list(numbers)

    combine = Combiner(run)
    tasks = []
    for number in range(MAX_IN_FLIGHT + 2):
        tasks.append(asyncio.create_task(combine(number)))
        await asyncio.sleep(0.005)
    assert len(combine._in_flight) == MAX_IN_FLIGHT
    disk.set()
    assert await asyncio.gather(*tasks) == list(range(MAX_IN_FLIGHT + 2))


@pytest.mark.hurried
async def test_deciding_and_writing_share_a_crowd():
    """Buyers who come again as soon as they are served: two halves in turns, and not all and then one."""
    sizes: list[int] = []
    served = 0

    async def run(numbers: Sequence[int], decided: Callable[[], None]) -> list[int | Exception]:
        sizes.append(len(numbers))
        await asyncio.sleep(1)
        decided()
        await asyncio.sleep(1)
        return list(numbers)

    combine = Combiner(run)

    async def buyer() -> None:
        nonlocal served
        while served < 40 * MAX_BATCH:
            served += 1
            await combine(served)

    await asyncio.gather(*(buyer() for _ in range(MAX_BATCH)))
    steady = sizes[5:-5]
    assert min(steady) >= MAX_BATCH // 2 - SMALL_BATCH, sizes
    assert max(steady) <= MAX_BATCH // 2 + SMALL_BATCH, sizes


@pytest.mark.hurried
async def test_a_few_wait_while_many_are_served_and_no_longer_than_that():
    batches: list[list[int]] = []
    written = asyncio.Event()

    async def run(numbers: Sequence[int], decided: Callable[[], None]) -> list[int | Exception]:
        batches.append(list(numbers))
        decided()
        if len(batches) == 1:
            await written.wait()
        return list(numbers)

    combine = Combiner(run)
    crowd = [asyncio.create_task(combine(number)) for number in range(3 * SMALL_BATCH)]
    await asyncio.sleep(0)
    few = asyncio.create_task(combine(100))
    await asyncio.sleep(PATIENCE / 10)
    started = len(batches)
    written.set()
    await asyncio.gather(*crowd, few)
    assert all(len(batch) >= SMALL_BATCH for batch in batches[:started]), batches
    assert 100 in batches[-1]


async def test_a_batch_that_waits_for_a_lock_holds_up_the_next_for_a_moment_only():
    lock = asyncio.Event()

    async def run(numbers: Sequence[int], decided: Callable[[], None]) -> list[int | Exception]:
        if 55 in numbers:
            await lock.wait()
        return list(numbers)

    combine = Combiner(run)
    held = asyncio.create_task(combine(55))
    await asyncio.sleep(0)
    assert await asyncio.wait_for(combine(2), PATIENCE * 20) == 2
    lock.set()
    assert await held == 55


async def test_too_many_are_turned_away_at_once():
    lock = asyncio.Event()

    async def run(numbers: Sequence[int], decided: Callable[[], None]) -> list[int | Exception]:
        await lock.wait()
        return list(numbers)

    combine = Combiner(run)
    first = asyncio.create_task(combine(0))
    await asyncio.sleep(0.001)
    waiting = [asyncio.create_task(combine(number)) for number in range(MAX_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await combine(0)
    lock.set()
    assert await first == 0
    assert await asyncio.gather(*waiting) == list(range(MAX_WAITING))
