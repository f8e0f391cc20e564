"""The throttle of all processes together, in Redis."""

import hmac
import math
from collections.abc import Sequence

from merx.contexts.identity.adapters.throttle import ADDRESS, FORGET_AFTER, PAIR, LocalThrottle, email_rule
from merx.infra.limits.networks import network_of
from merx.infra.limits.scripts import RedisAway, Scripts
from merx.kernel.errors import RateLimited
from merx.kernel.ports import Clock

_KNOWN_SECONDS = 60 * 24 * 3600

# KEYS: whether the e-mail is known there, then the counts by pair, by address and by e-mail. ARGV: now in ms or "" for
# Redis's own clock, ms after which a count is forgotten, then of each rule: free, step, longest in ms.
# Answers the ms to wait, 0 when the attempt was counted.
_BEGIN = """
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local forget = tonumber(ARGV[2])
local last = #KEYS
if redis.call('EXISTS', KEYS[1]) == 1 then last = 2 end
local wait, counts = 0, {}
for place = 2, last do
  local row = redis.call('HMGET', KEYS[place], 'count', 'until', 'seen')
  local closed = tonumber(row[2] or 0)
  if row[3] and now > math.max(closed, tonumber(row[3])) + forget then
    redis.call('DEL', KEYS[place])
    row, closed = {}, 0
  end
  counts[place] = tonumber(row[1] or 0)
  wait = math.max(wait, closed - now)
end
if wait > 0 then return wait end
for place = 2, last do
  local rule = 3 * (place - 1)
  local free, step, longest = tonumber(ARGV[rule]), tonumber(ARGV[rule + 1]), tonumber(ARGV[rule + 2])
  local count = counts[place] + 1
  local over, delay = count - free, 0
  if over > 0 and over % step == 0 then
    delay = math.min(1000 * 2 ^ math.min(over / step - 1, 30), longest)
  end
  redis.call('HSET', KEYS[place], 'count', count, 'until', string.format('%.0f', now + delay),
    'seen', string.format('%.0f', now))
  redis.call('PEXPIRE', KEYS[place], string.format('%.0f', delay + forget))
end
return 0
"""

# The same keys. ARGV: seconds for which the place is known.
_SUCCEEDED = """
redis.call('DEL', KEYS[2])
if redis.call('EXISTS', KEYS[1]) == 0 then
  for _, key in ipairs({KEYS[3], KEYS[4]}) do
    if tonumber(redis.call('HGET', key, 'count') or 0) > 0 then redis.call('HINCRBY', key, 'count', -1) end
  end
end
redis.call('SET', KEYS[1], '', 'EX', ARGV[1])
return 0
"""


def _rules(purpose: str) -> list[int]:
    rules = (PAIR, ADDRESS, email_rule(purpose))
    return [part for rule in rules for part in (rule.free, rule.step, round(rule.longest * 1000))]


class RedisThrottle:
    """Implements Throttle by the rules of LocalThrottle. Raises RedisAway.

    Redis holds no e-mail and no address, only digests made with `key`. `clock` replaces the clock of Redis, which all
    processes share.
    """

    def __init__(self, scripts: Scripts, key: bytes, clock: Clock | None = None) -> None:
        self._scripts = scripts
        self._key = key
        self._clock = clock

    async def begin(self, purpose: str, email_key: str, address: str) -> None:
        now = "" if self._clock is None else round(self._clock.now().timestamp() * 1000)
        args = [now, round(FORGET_AFTER * 1000), *_rules(purpose)]
        wait = await self._scripts.run(_BEGIN, self._keys(purpose, email_key, address), args)
        if wait > 0:
            raise RateLimited("too many attempts, try again later", retry_after=math.ceil(wait / 1000))

    async def succeeded(self, purpose: str, email_key: str, address: str) -> None:
        await self._scripts.run(_SUCCEEDED, self._keys(purpose, email_key, address), [_KNOWN_SECONDS])

    def _keys(self, purpose: str, email_key: str, address: str) -> Sequence[str]:
        network = network_of(address)
        return [
            self._name("known", email_key, network),
            self._name(purpose, "pair", email_key, network),
            self._name(purpose, "address", network),
            self._name(purpose, "email", email_key),
        ]

    def _name(self, *parts: str) -> str:
        text = "\0".join(parts).encode()
        return f"merx:throttle:{hmac.digest(self._key, text, 'sha256')[:16].hex()}"


class SharedThrottle:
    """Implements Throttle: one count for all processes, and each process its own while Redis is away."""

    def __init__(self, shared: RedisThrottle, local: LocalThrottle) -> None:
        self._shared = shared
        self._local = local

    async def begin(self, purpose: str, email_key: str, address: str) -> None:
        try:
            await self._shared.begin(purpose, email_key, address)
        except RedisAway:
            await self._local.begin(purpose, email_key, address)

    async def succeeded(self, purpose: str, email_key: str, address: str) -> None:
        try:
            await self._shared.succeeded(purpose, email_key, address)
        except RedisAway:
            await self._local.succeeded(purpose, email_key, address)
        else:
            # Who signed in while Redis was there gets in when it is not.
            self._local.remember(email_key, address)
