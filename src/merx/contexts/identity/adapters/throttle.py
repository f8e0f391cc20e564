"""Doubling delays for whoever guesses, counted in this process.

The same rules for all processes together are in `shared_throttle.py`.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass

from merx.infra.limits.networks import network_of
from merx.kernel.errors import RateLimited
from merx.kernel.ports import Clock

MAX_BUCKETS = 50_000
FORGET_AFTER = 3600.0


@dataclass(frozen=True, slots=True)
class Rule:
    """After `free` attempts, each `step` further ones cost a wait: 1 s, 2 s, 4 s … up to `longest`."""

    free: int
    step: int
    longest: float

    def delay(self, count: int) -> float:
        over = count - self.free
        if over <= 0 or over % self.step:
            return 0.0
        return min(2.0 ** min(over // self.step - 1, 30), self.longest)


PAIR = Rule(free=5, step=1, longest=3600)
ADDRESS = Rule(free=30, step=10, longest=3600)
# Short at its longest: strangers must not be able to keep the owner out. It catches guesses from many addresses.
EMAIL = Rule(free=30, step=10, longest=60)
# Six digits are soon guessed, and whoever guesses them knows the password already: no stranger. The owner gets in with
# a passkey, and from where she was before.
SECOND_FACTOR = Rule(free=10, step=5, longest=3600)


def email_rule(purpose: str) -> Rule:
    return SECOND_FACTOR if purpose == "second-factor" else EMAIL


@dataclass(slots=True)
class _Bucket:
    count: int = 0
    until: float = 0.0
    seen: float = 0.0


class LocalThrottle:
    """Implements Throttle for one process; N processes that count alone allow N times as many guesses.

    The rules by address and by e-mail spare whoever signed in from there before: neither those who guess elsewhere nor
    those who share the address keep her out. What is left is the rule for both.
    """

    def __init__(self, clock: Clock, buckets: int = MAX_BUCKETS) -> None:
        """`buckets`: so many callers are remembered at most."""
        self._clock = clock
        self._most = buckets
        self._buckets: OrderedDict[tuple[str, ...], _Bucket] = OrderedDict()
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    async def begin(self, purpose: str, email_key: str, address: str) -> None:
        now = self._clock.now().timestamp()
        network = network_of(address)
        rules: dict[tuple[str, ...], Rule] = {(purpose, "pair", email_key, network): PAIR}
        if (email_key, network) not in self._known:
            rules |= {(purpose, "address", network): ADDRESS, (purpose, "email", email_key): email_rule(purpose)}
        # Refused attempts leave no bucket behind: a flood of them would push out the buckets of others.
        wait = max(self._buckets[key].until if key in self._buckets else 0.0 for key in rules) - now
        if wait > 0:
            raise RateLimited("too many attempts, try again later", retry_after=math.ceil(wait))
        for key, rule in rules.items():
            bucket = self._bucket(key, now)
            bucket.count += 1
            bucket.seen = now
            bucket.until = now + rule.delay(bucket.count)

    async def succeeded(self, purpose: str, email_key: str, address: str) -> None:
        network = network_of(address)
        self._buckets.pop((purpose, "pair", email_key, network), None)
        # Only what this attempt added: good passwords of one's own must not wash away bad ones for others.
        spared = (email_key, network) in self._known
        for key in () if spared else ((purpose, "address", network), (purpose, "email", email_key)):
            bucket = self._buckets.get(key)
            if bucket is not None and bucket.count:
                bucket.count -= 1
        self.remember(email_key, address)

    def remember(self, email_key: str, address: str) -> None:
        """The account signed in from there."""
        network = network_of(address)
        self._known[email_key, network] = None
        self._known.move_to_end((email_key, network))
        if len(self._known) > self._most:
            self._known.popitem(last=False)

    def _bucket(self, key: tuple[str, ...], now: float) -> _Bucket:
        bucket = self._buckets.get(key)
        if bucket is None or now > max(bucket.until, bucket.seen) + FORGET_AFTER:
            bucket = self._buckets[key] = _Bucket(seen=now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return bucket
