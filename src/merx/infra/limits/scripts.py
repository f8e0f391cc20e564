"""Lua scripts in Redis, for counts that all processes share. Whoever asks has something to fall back on."""

import asyncio
from collections.abc import Sequence
from hashlib import sha1
from typing import Any, NamedTuple

import msgspec
from loguru import logger
from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError

# A limit is never worth a slow request.
WAIT_SECONDS = 0.05
REST_SECONDS = 2.0
# Redis answers nobody else meanwhile.
_MAX_BATCH = 64

_Words = Sequence[str | int]
_as_json = msgspec.json.Encoder().encode

# Runs a script for many callers. ARGV: of each how many keys he has and then his words, all of them as one JSON text:
# each word of a command costs redis-py a microsecond.
_FOR_EACH = """
local function once(KEYS, ARGV)
%s
end
local answers, last = {}, 0
for place, words in ipairs(cjson.decode(ARGV[1])) do
  local keys, number = {}, tonumber(table.remove(words, 1))
  for key = 1, number do keys[key] = KEYS[last + key] end
  last = last + number
  answers[place] = once(keys, words)
end
return answers
"""


class RedisAway(Exception):
    """No answer in time, or Redis rests after one."""


class Call(NamedTuple):
    script: str
    keys: _Words
    args: _Words


class _Wrapped(NamedTuple):
    text: str
    digest: str


_Group = tuple[_Wrapped, Sequence[Call]]


class Scripts:
    """Asks of one moment travel together: a hundred callers at once need one connection and wait for one answer. Those
    for the same script are one command: what a command costs here is several times what a script costs Redis.

    A script answers something other than nil, and sees `KEYS` and `ARGV` of one caller. When it raises for one of them
    Redis counts as away for all who asked with him.

    An answer has `wait` seconds. After a failure Redis is left alone for `rest` seconds.
    """

    def __init__(self, client: Redis, *, wait: float = WAIT_SECONDS, rest: float = REST_SECONDS) -> None:
        self._client = client
        self._wait = wait
        self._rest = rest
        self._closed_until = 0.0
        self._wrapped: dict[str, _Wrapped] = {}
        self._waiting: list[tuple[Call, asyncio.Future[Any]]] = []
        self._sending: asyncio.Task[None] | None = None
        self._late: set[asyncio.Task[Any]] = set()

    async def run(self, script: str, keys: _Words, args: _Words) -> Any:
        """The answer of `script`, Lua. Raises RedisAway."""
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
        places: dict[str, list[int]] = {}
        for place, call in enumerate(calls):
            places.setdefault(call.script, []).append(place)
        groups = [(self._for_each(script), [calls[place] for place in group]) for script, group in places.items()]
        found: list[Any] = [None] * len(calls)
        for group, answers in zip(places.values(), await self._answers(groups), strict=True):
            each = [answers] * len(group) if isinstance(answers, Exception) else answers
            for place, answer in zip(group, each, strict=True):
                found[place] = answer
        return found

    async def _answers(self, groups: Sequence[_Group]) -> Sequence[Any]:
        answers = await self._pipelined(groups)
        unknown = [place for place, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if unknown:
            # A server that was restarted has forgotten them.
            for place in unknown:
                await self._client.script_load(groups[place][0].text)
            again = await self._pipelined([groups[place] for place in unknown])
            for place, answer in zip(unknown, again, strict=True):
                answers[place] = answer
        return answers

    async def _pipelined(self, groups: Sequence[_Group]) -> list[Any]:
        pipeline = self._client.pipeline(transaction=False)
        for wrapped, calls in groups:
            keys = [key for call in calls for key in call.keys]
            words = _as_json([[str(len(call.keys)), *map(str, call.args)] for call in calls])
            pipeline.evalsha(wrapped.digest, len(keys), *keys, words)
        answers: list[Any] = await pipeline.execute(raise_on_error=False)
        return answers

    def _for_each(self, script: str) -> _Wrapped:
        found = self._wrapped.get(script)
        if found is None:
            text = _FOR_EACH % script
            # How Redis names scripts; nothing depends on it being hard to find another of the same name.
            found = self._wrapped[script] = _Wrapped(text, sha1(text.encode(), usedforsecurity=False).hexdigest())
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
