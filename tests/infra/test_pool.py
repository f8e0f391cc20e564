"""Connections that are used in turn."""

import asyncio

import pytest

from merx.infra.postgres.pool import Pool
from merx.kernel.errors import Unavailable


class Wire:
    def __init__(self, number: int) -> None:
        self.number = number
        self.closed = ""

    def is_closed(self) -> bool:
        return bool(self.closed)

    def terminate(self) -> None:
        self.closed = self.closed or "terminated"

    async def close(self, *, timeout: float | None = None) -> None:
        await asyncio.sleep(0)
        self.closed = "closed in its own time"


class Wires:
    """`away`: nobody answers."""

    def __init__(self, size: int, wait: float = 0.01) -> None:
        self.made: list[Wire] = []
        self.away = False
        self.pool = Pool(self._connect, size, wait)

    async def _connect(self) -> Wire:
        if self.away:
            raise ConnectionRefusedError
        self.made.append(Wire(len(self.made)))
        return self.made[-1]


async def test_the_one_used_last_is_used_next():
    wires = Wires(3)
    taken = [await wires.pool.take() for _ in range(3)]
    for wire in taken:
        wires.pool.keep(wire)
    assert [await wires.pool.take() for _ in range(3)] == taken[::-1]
    assert len(wires.made) == 3


async def test_no_more_than_allowed_and_who_waits_gets_the_first_that_comes_back():
    wires = Wires(2, wait=10)
    first, _ = await wires.pool.take(), await wires.pool.take()
    waiting = asyncio.create_task(wires.pool.take())
    await asyncio.sleep(0)
    assert not waiting.done()
    wires.pool.keep(first)
    assert await waiting is first
    assert len(wires.made) == 2


async def test_nobody_waits_for_ever():
    wires = Wires(1)
    await wires.pool.take()
    with pytest.raises(Unavailable, match="became free"):
        await wires.pool.take()


@pytest.mark.parametrize("way", ["keep", "retire", "drop"])
async def test_each_way_back_gives_the_place_back(way: str):
    wires = Wires(1)
    for _ in range(3):
        wire = await wires.pool.take()
        assert not wire.is_closed()
        getattr(wires.pool, way)(wire)
    await asyncio.sleep(0.01)
    ends = {"keep": [""], "retire": ["closed in its own time"] * 3, "drop": ["terminated"] * 3}
    assert [wire.closed for wire in wires.made] == ends[way]


async def test_closed_ones_are_replaced():
    wires = Wires(2)
    in_hand, idle = await wires.pool.take(), await wires.pool.take()
    wires.pool.keep(idle)
    idle.closed = in_hand.closed = "by the server"
    wires.pool.keep(in_hand)
    assert (await wires.pool.take()).number == 2


async def test_who_cannot_connect_holds_no_place():
    wires = Wires(1)
    wires.away = True
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            await wires.pool.take()
    wires.away = False
    assert (await wires.pool.take()).number == 0


async def test_who_is_called_off_while_waiting_holds_no_place():
    wires = Wires(1, wait=10)
    wire = await wires.pool.take()
    waiting = asyncio.create_task(wires.pool.take())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    wires.pool.keep(wire)
    assert await wires.pool.take() is wire


async def test_what_is_out_when_the_pool_closes_may_end_its_work_and_is_not_kept():
    wires = Wires(2)
    out, idle = await wires.pool.take(), await wires.pool.take()
    wires.pool.keep(idle)
    await wires.pool.close()
    assert (out.closed, idle.closed) == ("", "terminated")
    wires.pool.keep(out)
    assert out.closed == "terminated"
    assert (await wires.pool.take()).number == 2


async def test_who_was_given_a_dead_one_gets_another_before_all_who_wait():
    wires = Wires(1, wait=10)
    dead = await wires.pool.take()
    waiting = asyncio.create_task(wires.pool.take())
    await asyncio.sleep(0)
    another = await wires.pool.instead_of(dead)
    assert (dead.closed, another.number, waiting.done()) == ("terminated", 1, False)
    wires.pool.keep(another)
    assert await waiting is another


async def test_who_gets_none_instead_of_a_dead_one_holds_no_place():
    wires = Wires(1)
    dead = await wires.pool.take()
    wires.away = True
    with pytest.raises(ConnectionRefusedError):
        await wires.pool.instead_of(dead)
    wires.away = False
    assert (await wires.pool.take()).number == 1
