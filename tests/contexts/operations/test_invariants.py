"""News that do not arrive and a trail that was rewritten are told of; and what could not be checked says so."""

import asyncio
from datetime import timedelta

from merx.contexts.operations.usecases.invariants import CheckInvariantsHandler
from merx.infra.audit.memory import ENTRIES
from merx.infra.outbox.memory import DELIVERIES
from merx.infra.postgres import compiled
from merx.kernel.errors import Unavailable
from merx.kernel.invariants import Invariant
from tests.contexts.operations.conftest import JOB, Shop
from tests.support.clock import FixedClock


async def broken(shop: Shop) -> dict[str, list[str]]:
    report = await shop.operations.check_invariants()()
    return {each.name: each.broken for each in report.invariants if not each.holds}


async def test_dead_letters_are_told_of(shop: Shop):
    ids = await shop.dead(2)
    assert await broken(shop) == {"platform.nothing-was-given-up": [str(letter_id) for letter_id in ids]}
    await shop.retry.all(shop.actor, None, None)
    await shop.deliver()
    assert await broken(shop) == {}


async def test_news_that_nobody_fetches_are_told_of(shop: Shop):
    await shop.tick()
    assert await broken(shop) == {}
    await _age(shop)
    assert list(await broken(shop)) == ["platform.news-arrive"]
    await shop.steer.pause(shop.actor, JOB)
    assert await broken(shop) == {}, "a paused job waits for somebody"


async def _age(shop: Shop) -> None:
    if shop.app.in_memory:
        for row in shop.app.infra.store().table(DELIVERIES).values():
            row.run_after -= timedelta(minutes=6)
        return
    async with shop.operations.uow() as uow:
        await uow.tx.execute(compiled("update platform.outbox_delivery set run_after = now() - interval '6 min'"))
        await uow.commit()


async def test_a_row_of_the_trail_that_was_changed_is_told_of(memory_shop: Shop):
    shop = memory_shop
    await shop.steer.pause(shop.actor, JOB)
    rows = shop.app.infra.store().table(ENTRIES)
    rows[1] = type(rows[1])(**{name: getattr(rows[1], name) for name in rows[1].__struct_fields__} | {"action": "no"})
    assert await broken(shop) == {"audit.today-is-intact": ["edited at 1"]}


async def test_what_takes_too_long_is_not_called_true():
    async def slow(_: int) -> list[str]:
        raise Unavailable("canceling statement due to statement timeout")

    async def fine(most: int) -> list[str]:
        return []

    async def wrong(most: int) -> list[str]:
        return [str(number) for number in range(most + 5)]

    promises = [Invariant("b", "", slow), Invariant("c", "", wrong), Invariant("a", "", fine)]
    report = await CheckInvariantsHandler(lambda: promises, FixedClock())()
    assert [(each.name, each.holds, len(each.broken)) for each in report.invariants] == [
        ("a", True, 0),
        ("b", None, 0),
        ("c", False, 20),
    ]
    assert not report.hold
    assert not (await CheckInvariantsHandler(lambda: promises[:1], FixedClock())()).hold


async def test_who_asks_meanwhile_is_given_the_same_report_also_when_the_first_leaves():
    walks, go = 0, asyncio.Event()

    async def slow(_: int) -> list[str]:
        nonlocal walks
        walks += 1
        await go.wait()
        return []

    check = CheckInvariantsHandler(lambda: [Invariant("a", "", slow)], FixedClock())
    first, second = asyncio.create_task(check()), asyncio.create_task(check())
    await asyncio.sleep(0)
    first.cancel()
    go.set()
    assert (await second).hold
    assert walks == 1
    assert (await check()).hold
    assert walks == 2
