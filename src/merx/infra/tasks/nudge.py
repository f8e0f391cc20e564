"""Tells the workers of new deliveries, in the background. A lost nudge costs a second, never a delivery.

Writes taskiq's message by hand: a process that only sends need not load taskiq, and one XADD is a third of the cost.
"""

import asyncio
from collections.abc import Iterator, Sequence
from uuid import UUID

import msgspec
from loguru import logger
from redis.asyncio import Redis
from redis.exceptions import RedisError

from merx.kernel.ids import new_id

STREAM = "merx:deliver"
TASK = "outbox.deliver"
# One worker takes one message, so a big batch is spread over several.
IDS_PER_MESSAGE = 32
# More than this many unread messages are wake-ups that nobody needs: workers poll too.
_MOST_MESSAGES = 10_000

_encoder = msgspec.json.Encoder()


def message(ids: Sequence[UUID]) -> bytes:
    """What taskiq's default formatter reads."""
    return _encoder.encode(
        {
            "task_id": new_id().hex,
            "task_name": TASK,
            "labels": {},
            "labels_types": None,
            "args": [ids],
            "kwargs": {},
        }
    )


class QueueNudge:
    """Collects the ids of a few milliseconds into one round trip. While Redis is away it rests for two seconds."""

    def __init__(self, client: Redis, *, collect: float = 0.003, rest: float = 2.0) -> None:
        self._client = client
        self._collect = collect
        self._rest = rest
        self._closed_until = 0.0
        self._waiting: list[UUID] = []
        self._sending: asyncio.Task[None] | None = None

    def __call__(self, ids: Sequence[UUID]) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() < self._closed_until:
            return
        self._waiting.extend(ids)
        if self._sending is None or self._sending.done():
            self._sending = loop.create_task(self._send())

    async def _send(self) -> None:
        while self._waiting:
            await asyncio.sleep(self._collect)
            ids, self._waiting = self._waiting, []
            try:
                # A transaction-free pipeline: one packet there, one back.
                pipeline = self._client.pipeline(transaction=False)
                for part in _parts(ids):
                    pipeline.xadd(STREAM, {"data": message(part)}, maxlen=_MOST_MESSAGES, approximate=True)
                await pipeline.execute()
            except (RedisError, OSError) as error:
                self._closed_until = asyncio.get_running_loop().time() + self._rest
                self._waiting = []
                logger.warning("nudging rests for {} s: {}: {}", self._rest, type(error).__name__, error)

    async def close(self) -> None:
        """Sends what is waiting, within the client's own timeouts."""
        if self._sending is not None:
            await asyncio.gather(self._sending, return_exceptions=True)


def _parts(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(ids), IDS_PER_MESSAGE):
        yield ids[start : start + IDS_PER_MESSAGE]
