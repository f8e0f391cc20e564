"""Several attempts in one moment."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from merx.infra.postgres import compiled
from merx.kernel.errors import MerxError


async def at_once(*attempts: Awaitable[Any]) -> list[Any]:
    """What each came to: an answer or one of our refusals."""
    found = await asyncio.gather(*attempts, return_exceptions=True)
    for each in found:
        if isinstance(each, BaseException) and not isinstance(each, MerxError):
            raise each
    return found


async def connected(uow: Callable[[], Any], number: int) -> None:
    """So many connections are open from now on: none of so many attempts is done before another has one."""
    opened = asyncio.Barrier(number)

    async def one() -> None:
        async with uow() as begun:
            await begun.tx.fetchval(compiled("select 1"))
            await opened.wait()

    await asyncio.gather(*(one() for _ in range(number)))


class Meeting:
    """Where so many attempts wait for each other: all have looked before the first one writes. Nobody waits before
    `of` was called, nor once they have met.
    """

    def __init__(self) -> None:
        self._barrier: asyncio.Barrier | None = None

    def of(self, number: int) -> None:
        self._barrier = asyncio.Barrier(number)

    async def wait(self) -> None:
        if (barrier := self._barrier) is not None:
            # One who never comes fails the test and does not stop it.
            async with asyncio.timeout(20):
                await barrier.wait()
            self._barrier = None
