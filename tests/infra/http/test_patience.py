"""Others go first, and nothing else is different."""

import asyncio

import pytest

from merx.infra.http.patience import Patient


async def steps(log: list[str], number: int) -> str:
    for step in range(number):
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(answer.set_result, step)
        assert await answer == step
        log.append(f"step {step}")
    return "done"


async def guest(log: list[str]) -> None:
    log.append("guest")


async def beside_a_guest(work) -> list[str]:
    """Both may go on in the same turn of the loop, and the guest came later."""
    log: list[str] = []
    host = asyncio.create_task(work(log))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await asyncio.create_task(guest(log))
    assert await host == "done"
    return log


async def test_who_comes_meanwhile_goes_first():
    async def patient(log: list[str]) -> str:
        return await Patient(steps(log, 3))

    assert await beside_a_guest(patient) == ["guest", "step 0", "step 1", "step 2"]


async def test_without_patience_the_guest_waits():
    async def impatient(log: list[str]) -> str:
        return await steps(log, 3)

    assert (await beside_a_guest(impatient))[0] == "step 0"


async def test_errors_come_through():
    async def fails() -> None:
        await asyncio.sleep(0)
        raise KeyError("lamp")

    with pytest.raises(KeyError, match="lamp"):
        await Patient(fails())


async def test_the_work_may_catch_what_it_waited_for():
    async def catches() -> str:
        try:
            async with asyncio.timeout(0.001):
                await asyncio.sleep(10)
        except TimeoutError:
            return "late"
        return "in time"

    assert await Patient(catches()) == "late"


async def test_a_cancelled_one_is_told():
    told: list[str] = []

    async def works() -> None:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            told.append("cancelled")
            raise

    async def waits() -> None:
        await Patient(works())

    task = asyncio.create_task(waits())
    await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert told == ["cancelled"]


async def test_one_cancelled_while_others_go_first_is_told_too():
    told: list[str] = []

    async def works() -> None:
        try:
            await asyncio.sleep(0)
            told.append("went on")
        except asyncio.CancelledError:
            told.append("cancelled")
            raise

    async def waits() -> None:
        await Patient(works())

    task = asyncio.create_task(waits())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert told == ["cancelled"]
