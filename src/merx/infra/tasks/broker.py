"""taskiq-redis' stream broker with its holes closed.

As shipped it gives a dead worker's messages to another only after new traffic, never shortens the stream, starts behind
messages sent before the first worker, prefetches a hundred, makes a client for each message and leaves dead consumers.
An undecodable message or an unknown task is dropped by taskiq itself; nothing is lost, for messages are wake-ups only.
"""

import asyncio
import os
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from loguru import logger
from redis.exceptions import RedisError, ResponseError
from taskiq import AckableMessage, BrokerMessage
from taskiq_redis import RedisStreamBroker

from merx.infra.redis import redis_client
from merx.infra.settings import Settings
from merx.infra.tasks.nudge import STREAM
from merx.kernel.ids import new_id

GROUP = "workers"
_MAX_DELIVERIES = 5
_CONSUMER_SILENT_MS = 3_600_000


class StreamBroker(RedisStreamBroker):
    """`idle` is how long a message may stay unacknowledged before another worker takes it, in milliseconds.

    It must be longer than a handler may run, or slow work is done twice.
    """

    def __init__(self, settings: Settings, *, idle: int = 60_000, block: int = 1_000) -> None:
        super().__init__(
            settings.redis_url,
            queue_name=STREAM,
            consumer_group_name=GROUP,
            consumer_name=f"{socket.gethostname()}-{os.getpid()}-{new_id().hex[-6:]}",
            consumer_id="0",
            idle_timeout=idle,
            xread_block=block,
            xread_count=2,
        )
        self._sender = redis_client(settings)
        # Its own pool knows nothing of our authorities, and nobody uses it.
        self.connection_pool: Any = self._sender.connection_pool
        self._reader = redis_client(settings, wait=block / 1000 + 1)

    async def startup(self) -> None:
        """Does not ask Redis for anything: a worker starts without it."""

    async def shutdown(self) -> None:
        try:
            # A consumer that owns unacknowledged messages must stay, else they would be forgotten with it.
            pending = await self._sender.xpending_range(STREAM, GROUP, "-", "+", 1, consumername=self.consumer_name)
            if not pending:
                await self._sender.xgroup_delconsumer(STREAM, GROUP, self.consumer_name)
        except (RedisError, OSError) as error:
            logger.debug("left the group without saying so: {}", error)
        await self._sender.aclose()
        await self._reader.aclose()
        await self.connection_pool.disconnect()

    async def kick(self, message: BrokerMessage) -> None:
        await self._sender.xadd(STREAM, {"data": message.message})

    def _ack_generator(self, id: str, queue_name: str) -> Callable[[], Awaitable[None]]:
        async def ack() -> None:
            try:
                await self._finish(id)
            except (RedisError, OSError) as error:
                # It comes again and finds its deliveries done.
                logger.debug("not acknowledged: {}", error)

        return ack

    async def _finish(self, message_id: Any) -> None:
        pipeline = self._sender.pipeline(transaction=True)
        pipeline.xack(STREAM, GROUP, message_id)
        pipeline.xdel(STREAM, message_id)
        await pipeline.execute()

    async def listen(self) -> AsyncGenerator[AckableMessage, None]:
        """Messages, for ever. Survives an absent Redis, FLUSHALL and a restart without data."""
        loop = asyncio.get_running_loop()
        tidy_at, joined, quiet = 0.0, False, False
        while True:
            try:
                if not joined:
                    await self._join()
                    joined, quiet = True, False
                if loop.time() >= tidy_at:
                    # By the clock, not by new traffic.
                    tidy_at = loop.time() + min(self.idle_timeout / 2000, 15.0)
                    await self._remove_dead_consumers()
                    for message_id, data in await self._reclaim():
                        yield self._message(message_id, data)
                _heed_cancellation()
                for message_id, data in await self._read():
                    yield self._message(message_id, data)
            except ResponseError as error:
                # The group is gone with the data of Redis.
                joined = False
                logger.warning("joins the queue again: {}", error)
                await asyncio.sleep(0.2)
            except (RedisError, OSError) as error:
                joined = False
                if not quiet:
                    logger.warning(
                        "without Redis, deliveries are found by polling: {}: {}", type(error).__name__, error
                    )
                quiet = True
                await asyncio.sleep(1)

    async def _join(self) -> None:
        try:
            await self._reader.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    async def _read(self) -> list[tuple[Any, dict[bytes, bytes]]]:
        answer = await self._reader.xreadgroup(
            GROUP, self.consumer_name, {STREAM: ">"}, count=self.count, block=self.block
        )
        return [entry for _, entries in _pairs(answer) for entry in _flat(entries)]

    async def _reclaim(self) -> list[tuple[Any, dict[bytes, bytes]]]:
        answer: Any = await self._reader.xautoclaim(
            STREAM, GROUP, self.consumer_name, min_idle_time=self.idle_timeout, count=16
        )
        entries = [(message_id, data) for message_id, data in answer[1] if data]
        if not entries:
            return []
        pending = await self._reader.xpending_range(
            STREAM, GROUP, entries[0][0], entries[-1][0], len(entries), consumername=self.consumer_name
        )
        times = {entry["message_id"]: entry["times_delivered"] for entry in pending}
        kept = []
        for message_id, data in entries:
            if int(times.get(message_id, 1)) > _MAX_DELIVERIES:
                # The deliveries themselves have their own count of attempts in PostgreSQL.
                await self._finish(message_id)
            else:
                kept.append((message_id, data))
        return kept

    async def _remove_dead_consumers(self) -> None:
        consumers = await self._reader.xinfo_consumers(STREAM, GROUP)
        for consumer in consumers:
            if int(consumer["pending"]) == 0 and int(consumer["idle"]) > _CONSUMER_SILENT_MS:
                await self._reader.xgroup_delconsumer(STREAM, GROUP, consumer["name"])

    def _message(self, message_id: Any, data: dict[bytes, bytes]) -> AckableMessage:
        return AckableMessage(data=data.get(b"data", b""), ack=self._ack_generator(message_id, STREAM))


def _heed_cancellation() -> None:
    """redis-py sends inside `wait_for`, which in Python 3.11 may swallow a cancellation: it would listen for ever."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _pairs(answer: Any) -> list[tuple[Any, Any]]:
    """Streams of an answer: a mapping with RESP3, a list of pairs with RESP2."""
    return list(answer.items()) if isinstance(answer, dict) else list(answer or [])


def _flat(entries: Any) -> list[tuple[Any, dict[bytes, bytes]]]:
    """redis-py nests the entries once more with RESP3."""
    if len(entries) == 1 and entries[0] and isinstance(entries[0][0], list | tuple):
        entries = entries[0]
    return [(message_id, data) for message_id, data in entries]
