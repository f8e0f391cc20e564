"""Waiting requests of one process share one transaction.

Under load many buyers wait for the same rows anyway. Taking all that wait, deciding in order and committing once gives
the exactness of row locks at many times their throughput; alone, a request waits for nobody. Batches are decided one
after the other; while one gets its stock and is written, the next is decided.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from merx.kernel.errors import Busy, Unavailable

Q = TypeVar("Q")
A = TypeVar("A")

MAX_BATCH = 64
# So few are not worth two transactions.
SMALL_BATCH = 8
# Of those who are being served. They come again: a few who went alone would hold up all who wait a moment later.
ENOUGH = 2 / 3
# Each holds a connection: one is decided, the others are written.
MAX_IN_FLIGHT = 4
# At a thousand a second the last in line waits two seconds; who comes after that is better told to come again.
MAX_WAITING = 2048
# Seconds: a batch that waits longer for somebody's lock lets the next one go beside it.
PATIENCE = 0.1
# Fewer than the connections of a process: those who wait for a lock must leave some for others.
_ALONE_AT_ONCE = 4

Decided = Callable[[], None]


class Combiner(Generic[Q, A]):
    """`run` answers a whole batch, an exception in the place of each request that is refused. It calls its second
    argument once the next batch may be decided beside it.

    When `run` itself fails the batch is tried again one by one, so that one bad request cannot fail its neighbours.
    When a dependency is away all hear so at once: trying each in turn would make them wait for each other. When others
    hold what one of them needs, each goes its own way: those who need something else are served at once.
    """

    def __init__(self, run: Callable[[Sequence[Q], Decided], Awaitable[Sequence[A | Exception]]]) -> None:
        self._run = run
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._deciding = False
        self._taken = 0
        # Of those taken, the ones that will be answered soon: no batch of theirs has lost its patience.
        self._soon = 0
        self._in_flight: set[asyncio.Task[None]] = set()
        self._alone_now: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(_ALONE_AT_ONCE)

    async def __call__(self, request: Q) -> A:
        """Raises Busy when too many wait already, and whatever `run` has for this request."""
        if len(self._waiting) + len(self._alone_now) >= MAX_WAITING:
            raise Busy("too many checkouts wait")
        future: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        self._begin()
        # A caller that goes away cancels its own future only: the batch goes on, and `_settle` passes it over.
        return await future

    def _begin(self) -> None:
        enough = min(self._soon * ENOUGH, MAX_BATCH) if self._soon > SMALL_BATCH else 1
        if len(self._waiting) >= enough and not self._deciding and len(self._in_flight) < MAX_IN_FLIGHT:
            self._deciding = True
            task = asyncio.create_task(self._together())
            self._in_flight.add(task)
            task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        self._begin()

    async def _together(self) -> None:
        # Half of all who are here, so that the others can be decided while these are written. Taking everybody leaves
        # nobody for that time: a crowd and a single one would go in turns.
        half = (len(self._waiting) + self._taken + 1) // 2
        size = min(max(half, SMALL_BATCH), MAX_BATCH)
        batch, self._waiting = self._waiting[:size], self._waiting[size:]
        self._taken += len(batch)
        self._soon += (soon := len(batch))
        decided = False

        def let_others_start() -> None:
            nonlocal decided
            if not decided:
                decided = True
                self._deciding = False
                self._begin()

        def wait_no_longer() -> None:
            nonlocal soon
            self._soon -= soon
            soon = 0
            let_others_start()
            self._begin()

        patience = asyncio.get_running_loop().call_later(PATIENCE, wait_no_longer)
        try:
            answers = await self._run([request for request, _ in batch], let_others_start)
        except Busy as error:
            if len(batch) == 1:
                _settle(batch[0][1], error)
            else:
                self._separate(batch)
        except Unavailable as error:
            for _, future in batch:
                _settle(future, error)
        except Exception:
            await self._one_by_one(batch)
        else:
            for (_, future), answer in zip(batch, answers, strict=True):
                _settle(future, answer)
        finally:
            patience.cancel()
            self._taken -= len(batch)
            self._soon -= soon
            let_others_start()

    def _separate(self, batch: list[tuple[Q, asyncio.Future[A]]]) -> None:
        for request, future in batch:
            task = asyncio.create_task(self._alone(request, future))
            self._alone_now.add(task)
            task.add_done_callback(self._alone_now.discard)

    async def _alone(self, request: Q, future: "asyncio.Future[A]") -> None:
        async with self._places:
            try:
                (answer,) = await self._run([request], _nothing)
            except Exception as error:
                _settle(future, error)
            else:
                _settle(future, answer)

    async def _one_by_one(self, batch: list[tuple[Q, asyncio.Future[A]]]) -> None:
        away: Unavailable | None = None
        for request, future in batch:
            if away is not None:
                _settle(future, away)
                continue
            try:
                (answer,) = await self._run([request], _nothing)
            except Busy as error:
                _settle(future, error)
            except Unavailable as error:
                away = error
                _settle(future, error)
            except Exception as error:
                _settle(future, error)
            else:
                _settle(future, answer)


def _nothing() -> None:
    """One that goes alone holds up nobody."""


def _settle(future: "asyncio.Future[A]", answer: A | Exception) -> None:
    if future.done():
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
        # The caller may be gone; an exception that nobody fetched is no news then.
        future.exception()
    else:
        future.set_result(answer)
