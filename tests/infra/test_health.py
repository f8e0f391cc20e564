"""Probes are asked together, briefly, and not more than once a second."""

import asyncio

import pytest

from merx.infra.health import Health, Probe


async def fine() -> None:
    return None


async def broken() -> None:
    raise ConnectionRefusedError("10.0.0.1 secret")


async def stuck() -> None:
    await asyncio.sleep(60)


async def test_ready_when_all_that_is_required_answers():
    assert (await Health([Probe("a", fine), Probe("b", broken, required=False)]).report()).ready
    assert not (await Health([Probe("a", fine), Probe("b", broken)]).report()).ready
    assert (await Health().report()).ready


@pytest.mark.hurried
async def test_a_stuck_probe_is_a_failed_one():
    report = await Health([Probe("a", stuck), Probe("b", broken), Probe("c", fine)]).report()
    assert [(check.name, check.ok, check.problem) for check in report.checks] == [
        ("a", False, "no answer in time"),
        ("b", False, "ConnectionRefusedError"),
        ("c", True, ""),
    ]


async def test_many_askers_are_one_question():
    asked = 0

    async def count() -> None:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.01)

    health = Health([Probe("a", count)])
    await asyncio.gather(*(health.report() for _ in range(50)))
    await health.report()
    assert asked == 1


async def test_an_asker_who_leaves_does_not_spoil_it():
    async def slow() -> None:
        await asyncio.sleep(0.02)

    health = Health([Probe("a", slow)])
    first = asyncio.create_task(health.report())
    await asyncio.sleep(0)
    second = asyncio.create_task(health.report())
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).ready
