"""Runs deliveries: the claim, the handler, the verdict. Several deliverers on several hosts may run at once."""

import asyncio
import contextlib
import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

import msgspec
from loguru import logger

from merx.infra.error_text import text_of
from merx.infra.failpoints import failpoint
from merx.infra.logging import hide_text
from merx.infra.outbox.deliveries import LEASE, MAX_FAILURES, Deliveries, Leased
from merx.infra.outbox.events import Subscriber, SubscriberRegistry
from merx.kernel.errors import MerxError, RateLimited, StaleVersion, Unavailable
from merx.kernel.model import Event

# A dependency that is away is waited for: about two hours at the longest delay, then somebody has to look.
MAX_ATTEMPTS_AWAY = 240
# Lost races and absent dependencies are nobody's mistake. All other expected errors will not go away by trying again.
_PASSING = (Unavailable, RateLimited, StaleVersion)
_ENDLESS = 100_000


def backoff(attempt: int) -> timedelta:
    """1 s, 2 s, 4 s … 30 s, each half to one and a half, so that failures do not come back in step."""
    return timedelta(seconds=min(2.0 ** (attempt - 1), 30.0) * random.uniform(0.5, 1.5))  # noqa: S311 - jitter


class Undeliverable(Exception):
    """Nobody here can ever run this delivery."""


class Deliverer:
    """`limit` is the longest run of one handler in seconds; `concurrency` the most runs at once in this process.

    Deliveries are leased only when they start, so a process that dies takes no waiting ones with it. Order is not
    promised.
    """

    def __init__(
        self,
        deliveries: Deliveries,
        registry: SubscriberRegistry,
        *,
        concurrency: int = 8,
        limit: float = 30.0,
        retry_in: Callable[[int], timedelta] = backoff,
        renew_every: float = LEASE.total_seconds() / 3,
    ) -> None:
        self._deliveries = deliveries
        self._registry = registry
        self._concurrency = concurrency
        self._limit = limit
        self._retry_in = retry_in
        self._renew_every = renew_every
        self._running: dict[asyncio.Task[None], Leased] = {}
        self._leasing = 0
        self._alone = False
        self._more = False
        self._renewer: asyncio.Task[None] | None = None
        self.on_free: Callable[[], None] = lambda: None

    @property
    def free(self) -> int:
        """How many more deliveries may start now."""
        return 0 if self._alone else max(0, self._concurrency - len(self._running) - self._leasing)

    async def start_due(self) -> int:
        """Lease and start what is due and fits; returns how many started, without waiting for them.

        When there was more than fitted, `on_free` is called as soon as one ends.
        """
        asked = self.free
        started = len(await self._start(asked, None))
        self._more = started == asked
        return started

    async def deliver(self, ids: Sequence[UUID]) -> int:
        """Lease and run those of `ids` that are due and fit, to their end; returns how many ran."""
        tasks = await self._start(min(self.free, len(ids)), ids)
        if tasks:
            await asyncio.wait(tasks)
        return len(tasks)

    async def run_suspect(self, patience: float = 2.0) -> bool:
        """Run the delivery whose lease ran out longest ago, with nothing else running here if that can be had soon.

        It may be the one that ended its process, and must not take others along again. False when there is none.
        """
        if self._alone or not await self._deliveries.suspects():
            return False
        self._alone = True
        try:
            if self._running:
                await asyncio.wait(list(self._running), timeout=patience)
            lease = await self._deliveries.lease_suspect()
            if lease is None:
                return False
            await asyncio.wait([self._spawn(lease)])
        finally:
            self._alone = False
        return True

    async def drain(self) -> int:
        """Run until nothing is due, also what the handlers emit; returns how many ran. For tests and small tools."""
        count = 0
        while (started := await self.start_due()) or self._running:
            count += started
            if count > _ENDLESS:
                raise RuntimeError("handlers emit events for each other without end")
            if self._running:
                await asyncio.wait(list(self._running))
        if self._renewer is not None and not self._renewer.done():
            await asyncio.wait([self._renewer], timeout=1)
        return count

    async def stop(self, grace: float) -> None:
        """Let running handlers finish for `grace` seconds, then undo the rest and give it back."""
        self._alone = True
        if self._running:
            await asyncio.wait(list(self._running), timeout=grace)
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(list(self._running), timeout=1)
        if self._renewer is not None and not self._renewer.done():
            self._renewer.cancel()
            await asyncio.wait([self._renewer], timeout=1)

    async def _start(self, count: int, ids: Sequence[UUID] | None) -> list[asyncio.Task[None]]:
        if count == 0:
            return []
        self._leasing += count
        try:
            leases = await self._deliveries.lease(count, ids)
        finally:
            self._leasing -= count
        return [self._spawn(lease) for lease in leases]

    def _spawn(self, lease: Leased) -> asyncio.Task[None]:
        task = asyncio.create_task(self._run(lease))
        self._running[task] = lease
        task.add_done_callback(self._ended)
        if self._renewer is None or self._renewer.done():
            self._renewer = asyncio.create_task(self._renew())
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        if not task.cancelled() and (error := task.exception()):
            # The verdict could not be written: the lease runs out and the delivery comes back.
            logger.warning("delivery without verdict: {}: {}", type(error).__name__, text_of(error))
        if self._more:
            self.on_free()

    async def _renew(self) -> None:
        """Ends with the last delivery, so that no loop closes over a renewer that sleeps."""
        loop = asyncio.get_running_loop()
        due = loop.time() + self._renew_every
        while self._running:
            await asyncio.wait(list(self._running), timeout=max(0.0, due - loop.time()))
            if self._running and loop.time() >= due:
                with contextlib.suppress(Unavailable):
                    await self._deliveries.renew(list(self._running.values()))
                due = loop.time() + self._renew_every

    async def _run(self, lease: Leased) -> None:
        bound = logger.bind(delivery=str(lease.id), subscriber=lease.subscriber, attempt=lease.attempts)
        try:
            subscriber, event = self._resolve(lease)
            async with asyncio.timeout(self._limit):
                mine = await self._handle(lease, subscriber, event)
            if not mine:
                bound.warning("delivery was taken over by another process")
        except asyncio.CancelledError:
            await self._deliveries.release([lease])
            raise
        except Undeliverable as error:
            bound.error("dead letter: {}", error)
            await self._deliveries.fail(lease, str(error), None, counts=False)
        except _PASSING as error:
            await self._again(lease, error, away=True)
        except MerxError as error:
            bound.opt(exception=error).error("dead letter: {}", error)
            await self._deliveries.fail(lease, _text(error), None, counts=True)
        except Exception as error:
            bound.opt(exception=error).warning("delivery failed")
            # A handler that is too slow says TimeoutError, which is an OSError too.
            await self._again(lease, error, away=isinstance(error, OSError) and not isinstance(error, TimeoutError))

    async def _handle(self, lease: Leased, subscriber: Subscriber, event: Event) -> bool:
        if subscriber.uow is None:
            await subscriber.handler(event)
            failpoint("deliver.after-effect")
            return await self._deliveries.done(lease)
        async with subscriber.uow() as uow:
            # First the claim: its row lock keeps every other deliverer out until this transaction ends.
            if not await self._deliveries.claim(uow.tx, lease):
                return False
            failpoint("deliver.after-claim")
            await subscriber.handler(event, uow)
            await uow.commit()
        failpoint("deliver.after-commit")
        return True

    def _resolve(self, lease: Leased) -> tuple[Subscriber, Event]:
        subscriber = self._registry.named(lease.subscriber)
        if subscriber is None:
            raise Undeliverable(f"no subscriber is named {lease.subscriber}")
        if lease.tag is None or lease.payload is None:
            raise Undeliverable("the event is gone")
        if lease.tag != subscriber.event.tag():
            raise Undeliverable(f"{lease.subscriber} hears {subscriber.event.tag()}, not {lease.tag}")
        try:
            return subscriber, self._registry.decode(lease.tag, lease.payload)
        except msgspec.MsgspecError as error:
            raise Undeliverable(f"the payload does not fit {lease.tag}: {error}") from error

    async def _again(self, lease: Leased, error: Exception, *, away: bool) -> None:
        over = lease.attempts >= MAX_ATTEMPTS_AWAY if away else lease.failures + 1 >= MAX_FAILURES
        if over:
            logger.error("dead letter: {} after {} attempts: {}", lease.subscriber, lease.attempts, _text(error))
        retry_in = None if over else self._retry_in(lease.attempts)
        await self._deliveries.fail(lease, _text(error), retry_in, counts=not away)


def _text(error: Exception) -> str:
    """For a row and for the log: whoever looks at dead letters need not see whom they are about."""
    return hide_text(f"{type(error).__name__}: {text_of(error)}")[:2000]
