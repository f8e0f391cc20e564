"""Buckets in Redis, one count for all processes."""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from hashlib import blake2b

from merx.infra.limits.buckets import Ask, Buckets, Limit, Taken
from merx.infra.limits.scripts import RedisAway, Scripts

_PREFIX = "merx:limit:"

# ARGV: the time in µs or "" for Redis's own; then of each bucket the µs for one token and for all of them.
# Answers: allowed, place of the scarcest bucket, its tokens, µs until it is full, µs to wait.
_TAKE = """
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local filled, refused, scarcest = {}, nil, nil
for place, key in ipairs(KEYS) do
  local interval, window = tonumber(ARGV[place * 2]), tonumber(ARGV[place * 2 + 1])
  local full_at = math.max(tonumber(redis.call('GET', key) or 0), now)
  local after = full_at + interval
  local room = window - (after - now)
  if room < 0 then
    if not refused or -room > refused[5] then
      refused = {0, place - 1, 0, full_at - now, -room}
    end
  else
    local remaining = math.floor(room / interval)
    filled[#filled + 1] = {key, after}
    if not scarcest or remaining < scarcest[3] then
      scarcest = {1, place - 1, remaining, after - now, 0}
    end
  end
end
if refused then return refused end
for _, each in ipairs(filled) do
  redis.call('SET', each[1], string.format('%.0f', each[2]), 'PX', string.format('%.0f', (each[2] - now) / 1000 + 1))
end
return scarcest
"""


class RedisBuckets:
    """Raises RedisAway. Redis holds digests made with `key` instead of names, which tell accounts and addresses.

    `now`, in seconds, replaces the clock of Redis, which all processes share.
    """

    def __init__(self, scripts: Scripts, key: bytes, now: Callable[[], float] | None = None) -> None:
        self._scripts = scripts
        self._now = now
        # The same few callers ask many times in a row.
        self._key_of = lru_cache(maxsize=10_000)(partial(_digest, key[:64]))

    async def take(self, asks: Sequence[Ask]) -> Taken:
        args: list[str | int] = ["" if self._now is None else round(self._now() * 1e6)]
        for _, limit in asks:
            args += _interval_and_window(limit)
        answer = await self._scripts.run(_TAKE, [self._key_of(name) for name, _ in asks], args)
        allowed, place, remaining, reset, wait = answer
        return Taken(bool(allowed), asks[place][1].tokens, remaining, reset / 1e6, wait / 1e6)


def _digest(key: bytes, name: str) -> str:
    return _PREFIX + blake2b(name.encode(), digest_size=12, key=key).hexdigest()


@lru_cache(maxsize=100)
def _interval_and_window(limit: Limit) -> tuple[int, int]:
    """In µs. The second is a whole number of the first, which keeps the script's sums exact."""
    interval = round(limit.interval * 1e6)
    return interval, interval * limit.tokens


class SharedBuckets:
    """Buckets for all processes; while they are away, those of this process: N processes then allow N times as much."""

    def __init__(self, shared: Buckets, local: Buckets) -> None:
        self._shared = shared
        self._local = local

    async def take(self, asks: Sequence[Ask]) -> Taken:
        try:
            return await self._shared.take(asks)
        except RedisAway:
            return await self._local.take(asks)
