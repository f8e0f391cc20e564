"""The throttle of all processes together, in Redis."""

import contextlib
import hmac
import math
from collections.abc import Sequence

from merx.contexts.identity.adapters.throttle import (
    ADDRESS,
    FORGET_AFTER,
    PAIR,
    READ_MAILBOX,
    SITE,
    LocalThrottle,
    counted_site,
    email_rule,
    sparing,
)
from merx.infra.limits.networks import network_of
from merx.infra.limits.scripts import RedisAway, Scripts
from merx.kernel.errors import RateLimited
from merx.kernel.ports import Clock

_KNOWN_SECONDS = 60 * 24 * 3600

# KEYS: whether the owner is known there, by one or the other, then the counts by pair, by e-mail, by address and, for
# IPv6, by site. ARGV: now in ms or "" for Redis's own clock, ms after which a count is forgotten, 1 for a mail that is
# asked for, then of each rule: free, step, longest in ms.
# Answers the ms to wait, 0 when the attempt was counted, -1 when it was and the e-mail is to get no more mail.
_BEGIN = """
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local forget, mail = tonumber(ARGV[2]), ARGV[3] == '1'
local last = #KEYS
if redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 then last = 3 end
local wait, enough, counts = 0, false, {}
for place = 3, last do
  local row = redis.call('HMGET', KEYS[place], 'count', 'until', 'seen')
  local closed = tonumber(row[2] or 0)
  if row[3] and now > math.max(closed, tonumber(row[3])) + forget then
    redis.call('DEL', KEYS[place])
    row, closed = {}, 0
  end
  counts[place] = tonumber(row[1] or 0)
  if place == 4 and mail then
    enough = closed > now
  else
    wait = math.max(wait, closed - now)
  end
end
if wait > 0 then return wait end
for place = 3, last do
  if place ~= 4 or not enough then
    local rule = 4 + 3 * (place - 3)
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
end
return enough and -1 or 0
"""

# The same keys. ARGV: seconds for which the place is known.
_SUCCEEDED = """
redis.call('DEL', KEYS[3])
if redis.call('EXISTS', KEYS[1], KEYS[2]) == 0 then
  for place = 4, #KEYS do
    if tonumber(redis.call('HGET', KEYS[place], 'count') or 0) > 0 then
      redis.call('HINCRBY', KEYS[place], 'count', -1)
    end
  end
end
redis.call('SET', KEYS[1], '', 'EX', ARGV[1])
return 0
"""

_READ_MAILBOX = "redis.call('SET', KEYS[1], '', 'EX', ARGV[1]) return 0"


def _rules(purpose: str) -> list[int]:
    rules = (PAIR, email_rule(purpose), ADDRESS, SITE)
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
        await self._begin(purpose, email_key, address, mail=False)

    async def lets_mail(self, purpose: str, email_key: str, address: str) -> bool:
        return await self._begin(purpose, email_key, address, mail=True)

    async def _begin(self, purpose: str, email_key: str, address: str, *, mail: bool) -> bool:
        now = "" if self._clock is None else round(self._clock.now().timestamp() * 1000)
        args = [now, round(FORGET_AFTER * 1000), int(mail), *_rules(purpose)]
        wait = await self._scripts.run(_BEGIN, self._keys(purpose, email_key, address), args)
        if wait > 0:
            raise RateLimited("too many attempts, try again later", retry_after=math.ceil(wait / 1000))
        return bool(wait == 0)

    async def read_mailbox(self, email_key: str, address: str) -> None:
        place = self._name(READ_MAILBOX, email_key, network_of(address))
        await self._scripts.run(_READ_MAILBOX, [place], [_KNOWN_SECONDS])

    async def succeeded(self, purpose: str, email_key: str, address: str) -> None:
        await self._scripts.run(_SUCCEEDED, self._keys(purpose, email_key, address), [_KNOWN_SECONDS])

    def _keys(self, purpose: str, email_key: str, address: str) -> Sequence[str]:
        network, site = network_of(address), counted_site(purpose, address)
        ways = sparing(purpose)
        return [
            self._name(ways[0], email_key, network),
            self._name(ways[-1], email_key, network),
            self._name(purpose, "pair", email_key, network),
            self._name(purpose, "email", email_key),
            self._name(purpose, "address", network),
            *([self._name(purpose, "site", site)] if site is not None else []),
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

    async def lets_mail(self, purpose: str, email_key: str, address: str) -> bool:
        try:
            return await self._shared.lets_mail(purpose, email_key, address)
        except RedisAway:
            return await self._local.lets_mail(purpose, email_key, address)

    async def read_mailbox(self, email_key: str, address: str) -> None:
        with contextlib.suppress(RedisAway):
            await self._shared.read_mailbox(email_key, address)
        await self._local.read_mailbox(email_key, address)

    async def succeeded(self, purpose: str, email_key: str, address: str) -> None:
        try:
            await self._shared.succeeded(purpose, email_key, address)
        except RedisAway:
            await self._local.succeeded(purpose, email_key, address)
        else:
            # Who signed in while Redis was there gets in when it is not.
            self._local.remember(email_key, address)
