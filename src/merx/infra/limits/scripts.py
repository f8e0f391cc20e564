"""Lua scripts in Redis, for counts that all processes share. Whoever asks has something to fall back on."""

import asyncio
from collections.abc import Sequence
from hashlib import sha1
from typing import Any, NamedTuple

from loguru import logger
from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError

# A limit is never worth a slow request.
WAIT_SECONDS = 0.05
REST_SECONDS = 2.0
# Redis answers nobody else meanwhile.
_MAX_BATCH = 64

_Words = Sequence[str | int]


class RedisAway(Exception):
    """No answer in time, or Redis rests after one."""


class Call(NamedTuple):
    script: str
    keys: _Words
    args: _Words


class Scripts:
    """Asks of one moment travel together: a hundred callers at once need one connection and wait for one answer.

    An answer has `wait` seconds. After a failure Redis is left alone for `rest` seconds.
    """

    def __init__(self, client: Redis, *, wait: float = WAIT_SECONDS, rest: float = REST_SECONDS) -> None:
        self._client = client
        self._wait = wait
        self._rest = rest
        self._closed_until = 0.0
        self._digests: dict[str, str] = {}
        self._waiting: list[tuple[Call, asyncio.Future[Any]]] = []
        self._sending: asyncio.Task[None] | None = None
        self._late: set[asyncio.Task[Any]] = set()

    async def run(self, script: str, keys: _Words, args: _Words) -> Any:
        """The script's answer. Raises RedisAway."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._closed_until:
            raise RedisAway
        future: asyncio.Future[Any] = loop.create_future()
        self._waiting.append((Call(script, keys, args), future))
        if self._sending is None or self._sending.done():
            self._sending = loop.create_task(self._send())
        return await future

    async def _send(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_MAX_BATCH], self._waiting[_MAX_BATCH:]
            answers: Sequence[Any]
            try:
                answers = await self._in_time([call for call, _ in batch])
            except RedisAway as away:
                # Those who came meanwhile have waited long enough too.
                batch, self._waiting = batch + self._waiting, []
                answers = [away] * len(batch)
            for (_, future), answer in zip(batch, answers, strict=True):
                if future.done():
                    continue
                if isinstance(answer, RedisAway):
                    future.set_exception(answer)
                elif isinstance(answer, Exception):
                    # Full, or a replica that takes no writes: as good as away.
                    future.set_exception(self._rests(f"{type(answer).__name__}: {answer}"))
                else:
                    future.set_result(answer)

    async def _in_time(self, calls: Sequence[Call]) -> Sequence[Any]:
        task = asyncio.create_task(self._evaluate(calls))
        self._late.add(task)
        task.add_done_callback(self._settled)
        # Never cancelled: a connection given back between question and answer would serve the answer to somebody else.
        await asyncio.wait({task}, timeout=self._wait)
        if not task.done():
            raise self._rests("no answer in time")
        try:
            return task.result()
        except (RedisError, OSError) as error:
            raise self._rests(f"{type(error).__name__}: {error}") from error

    async def _evaluate(self, calls: Sequence[Call]) -> Sequence[Any]:
        answers = await self._pipelined(calls)
        unknown = [place for place, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if unknown:
            # A server that was restarted has forgotten them.
            for script in {calls[place].script for place in unknown}:
                await self._client.script_load(script)
            again = await self._pipelined([calls[place] for place in unknown])
            for place, answer in zip(unknown, again, strict=True):
                answers[place] = answer
        return answers

    async def _pipelined(self, calls: Sequence[Call]) -> list[Any]:
        pipeline = self._client.pipeline(transaction=False)
        for call in calls:
            pipeline.evalsha(self._digest(call.script), len(call.keys), *call.keys, *call.args)
        answers: list[Any] = await pipeline.execute(raise_on_error=False)
        return answers

    def _digest(self, script: str) -> str:
        found = self._digests.get(script)
        if found is None:
            # How Redis names scripts; nothing depends on it being hard to find another of the same name.
            found = self._digests[script] = sha1(script.encode(), usedforsecurity=False).hexdigest()
        return found

    def _rests(self, reason: str) -> RedisAway:
        self._closed_until = asyncio.get_running_loop().time() + self._rest
        logger.warning("limits are counted by each process for {} s: {}", self._rest, reason)
        return RedisAway(reason)

    def _settled(self, task: asyncio.Task[Any]) -> None:
        self._late.discard(task)
        if not task.cancelled():
            # Looked at, or asyncio would report it.
            task.exception()
