"""Doubling delays for whoever guesses, counted in this process.

The same rules for all processes together are in `shared_throttle.py`.
"""

import math
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from merx.infra.limits.networks import network_of, site_of
from merx.kernel.errors import RateLimited
from merx.kernel.ports import Clock

MAX_BUCKETS = 50_000
FORGET_AFTER = 3600.0

# What an owner did at a place where she is known.
SIGNED_IN, READ_MAILBOX = "known", "read-mailbox"


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
# Else one site would be as many networks as there are, each with an allowance of its own. For sign-ins alone, which are
# taken back when they succeed: a mobile network may have thousands of customers in one.
SITE = Rule(free=300, step=100, longest=3600)
# Short at its longest: strangers must not be able to keep the owner out. It catches guesses from many addresses.
EMAIL = Rule(free=30, step=10, longest=60)
# Six digits are soon guessed, and whoever guesses them knows the password already: no stranger. The owner gets in with
# a passkey, and from where she was before.
SECOND_FACTOR = Rule(free=10, step=5, longest=3600)


def email_rule(purpose: str) -> Rule:
    return SECOND_FACTOR if purpose == "second-factor" else EMAIL


def counted_site(purpose: str, address: str) -> str | None:
    return site_of(address) if purpose == "login" else None


def sparing(purpose: str) -> tuple[str, ...]:
    """What the owner has to have done somewhere to be spared there what strangers do.

    Whoever reads her mailbox can choose a password, and must not get more guesses at the factor that is left for it.
    """
    return (SIGNED_IN,) if purpose == "second-factor" else (SIGNED_IN, READ_MAILBOX)


_Key = tuple[str, ...]


@dataclass(slots=True)
class _Bucket:
    count: int = 0
    until: float = 0.0
    seen: float = 0.0


class LocalThrottle:
    """Implements Throttle for one process; N processes that count alone allow N times as many guesses.

    The rules by address, by site and by e-mail spare whoever signed in from there before, or read her mailbox there:
    neither those who guess elsewhere nor those who share the address keep her out. What is left is the rule for both.
    """

    def __init__(self, clock: Clock, buckets: int = MAX_BUCKETS) -> None:
        """`buckets`: so many callers are remembered at most."""
        self._clock = clock
        self._most = buckets
        self._buckets: OrderedDict[_Key, _Bucket] = OrderedDict()
        self._known: OrderedDict[tuple[str, str, str], None] = OrderedDict()

    async def begin(self, purpose: str, email_key: str, address: str) -> None:
        now = self._clock.now().timestamp()
        rules = self._rules(purpose, email_key, address)
        self._must_not_wait(rules, now)
        self._count(rules, now)

    async def lets_mail(self, purpose: str, email_key: str, address: str) -> bool:
        now = self._clock.now().timestamp()
        rules = self._rules(purpose, email_key, address)
        key = (purpose, "email", email_key)
        rule = rules.pop(key, None)
        self._must_not_wait(rules, now)
        let = rule is None or self._wait(key, now) <= 0
        if rule is not None and let:
            rules[key] = rule
        self._count(rules, now)
        return let

    async def succeeded(self, purpose: str, email_key: str, address: str) -> None:
        self._buckets.pop((purpose, "pair", email_key, network_of(address)), None)
        # Only what this attempt added: good passwords of one's own must not wash away bad ones for others.
        for key in self._rules(purpose, email_key, address):
            bucket = self._buckets.get(key)
            if bucket is not None and bucket.count:
                bucket.count -= 1
        self.remember(email_key, address)

    async def read_mailbox(self, email_key: str, address: str) -> None:
        self.remember(email_key, address, READ_MAILBOX)

    def remember(self, email_key: str, address: str, how: str = SIGNED_IN) -> None:
        """What the owner did there."""
        place = (how, email_key, network_of(address))
        self._known[place] = None
        self._known.move_to_end(place)
        if len(self._known) > self._most:
            self._known.popitem(last=False)

    def _rules(self, purpose: str, email_key: str, address: str) -> dict[_Key, Rule]:
        network, site = network_of(address), counted_site(purpose, address)
        rules: dict[_Key, Rule] = {(purpose, "pair", email_key, network): PAIR}
        if not any((how, email_key, network) in self._known for how in sparing(purpose)):
            rules[purpose, "email", email_key] = email_rule(purpose)
            rules[purpose, "address", network] = ADDRESS
            if site is not None:
                rules[purpose, "site", site] = SITE
        return rules

    def _wait(self, key: _Key, now: float) -> float:
        return self._buckets[key].until - now if key in self._buckets else 0.0

    def _must_not_wait(self, rules: Iterable[_Key], now: float) -> None:
        # Refused attempts leave no bucket behind: a flood of them would push out the buckets of others.
        wait = max(self._wait(key, now) for key in rules)
        if wait > 0:
            raise RateLimited("too many attempts, try again later", retry_after=math.ceil(wait))

    def _count(self, rules: dict[_Key, Rule], now: float) -> None:
        for key, rule in rules.items():
            bucket = self._bucket(key, now)
            bucket.count += 1
            bucket.seen = now
            bucket.until = now + rule.delay(bucket.count)

    def _bucket(self, key: _Key, now: float) -> _Bucket:
        bucket = self._buckets.get(key)
        if bucket is None or now > max(bucket.until, bucket.seen) + FORGET_AFTER:
            bucket = self._buckets[key] = _Bucket(seen=now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return bucket
